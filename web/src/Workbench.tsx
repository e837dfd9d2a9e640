import './workers';
import '@graphiql/react/style.css';
import '@graphiql/plugin-doc-explorer/style.css';
import '@graphiql/plugin-explorer/style.css';
import '@graphiql/plugin-history/style.css';
import 'graphiql/graphiql.css';
import './workbench.css';

import { HISTORY_PLUGIN } from '@graphiql/plugin-history';
import type { Fetcher, Storage } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { type Example, TICKET_PLACEHOLDER } from './examples';
import { ExamplesMenu } from './ExamplesMenu';
import { EXPLORER_PLUGIN } from './explorer';
import { FollowSystemTheme } from './FollowSystemTheme';

interface Props {
  fetcher: Fetcher;
  storage: Storage;
  examples: Example[];
  /** The ticket seen last in an answer, to fill examples with. */
  lastTicketId(): string | undefined;
}

const PLUGINS = [EXPLORER_PLUGIN, HISTORY_PLUGIN];

/** GraphiQL itself, with its plugins and the examples. */
export default function Workbench({ fetcher, storage, examples, lastTicketId }: Props) {
  function variablesOf({ variables }: Example): string {
    if (!variables) return '';
    const text = JSON.stringify(variables, null, 2);
    return text.replaceAll(TICKET_PLACEHOLDER, lastTicketId() ?? TICKET_PLACEHOLDER);
  }

  const defaultTabs = examples
    .filter((example) => example.tab)
    .map((example) => ({ query: example.query, variables: variablesOf(example) }));

  return (
    <GraphiQL
      fetcher={fetcher}
      storage={storage}
      plugins={PLUGINS}
      defaultTabs={defaultTabs}
      defaultEditorToolsVisibility="variables"
      shouldPersistHeaders={false}
    >
      <GraphiQL.Logo>
        <ExamplesMenu examples={examples} variablesOf={variablesOf} />
      </GraphiQL.Logo>
      <FollowSystemTheme />
    </GraphiQL>
  );
}
