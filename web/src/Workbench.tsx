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
import { type Example, type Ids, variablesWith } from './examples';
import { ExamplesMenu } from './ExamplesMenu';
import { EXPLORER_PLUGIN } from './explorer';
import { FollowSystemTheme } from './FollowSystemTheme';

interface Props {
  fetcher: Fetcher;
  storage: Storage;
  examples: { all: Example[]; tabs: Example[] };
  /** The ids last seen in results, for the variables of examples. */
  lastIds(): Ids;
}

const PLUGINS = [EXPLORER_PLUGIN, HISTORY_PLUGIN];

/** GraphiQL itself, with its plugins and the examples. */
export default function Workbench({ fetcher, storage, examples, lastIds }: Props) {
  const variablesOf = (example: Example) => variablesWith(example, lastIds());
  const defaultTabs = examples.tabs.map((example) => ({
    query: example.query,
    variables: variablesOf(example),
  }));

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
        <ExamplesMenu examples={examples.all} variablesOf={variablesOf} />
      </GraphiQL.Logo>
      <FollowSystemTheme />
    </GraphiQL>
  );
}
