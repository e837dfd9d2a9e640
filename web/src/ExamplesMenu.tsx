import { ChevronDownIcon, DropdownMenu, useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import type { Example } from './examples';

interface Props {
  examples: Example[];
  variablesOf(example: Example): string;
}

/** Menu of examples; opens the tab that already shows the example, or a new one. */
export function ExamplesMenu({ examples, variablesOf }: Props) {
  const { addTab, changeTab } = useGraphiQLActions();
  const { tabs, queryEditor, variableEditor } = useGraphiQL(
    ({ tabs, queryEditor, variableEditor }) => ({ tabs, queryEditor, variableEditor }),
  );

  function open(example: Example) {
    const openTab = tabs.findIndex((tab) => tab.query === example.query);
    if (openTab >= 0) {
      changeTab(openTab);
      return;
    }
    addTab();
    queryEditor?.setValue(example.query);
    variableEditor?.setValue(variablesOf(example));
  }

  return (
    <DropdownMenu>
      <DropdownMenu.Button className="examples-button">
        Examples <ChevronDownIcon aria-hidden="true" />
      </DropdownMenu.Button>
      <DropdownMenu.Content align="end">
        {examples.map((example) => (
          <DropdownMenu.Item key={example.title} onSelect={() => open(example)}>
            {example.title}
          </DropdownMenu.Item>
        ))}
      </DropdownMenu.Content>
    </DropdownMenu>
  );
}
