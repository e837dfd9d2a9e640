import { explorerPlugin } from '@graphiql/plugin-explorer';
import type { GraphiQLPlugin } from '@graphiql/react';
import { useEffect, useRef } from 'react';

const { content: Tree, icon } = explorerPlugin({ showAttribution: false });
const SCROLL_DELAY_MS = 100;

/** The schema as a tree for building operations. */
export const EXPLORER_PLUGIN: GraphiQLPlugin = { title: 'Explorer', icon, content: Explorer };

function Explorer() {
  const tree = useRef<HTMLDivElement>(null);

  // When it opens, the tree focuses the last argument of the operation, which scrolls the pane down.
  useEffect(() => {
    const scrollBack = () => tree.current?.parentElement?.scrollTo({ top: 0 });
    const timer = setTimeout(scrollBack, SCROLL_DELAY_MS);
    return () => clearTimeout(timer);
  }, []);

  return (
    <div ref={tree}>
      <Tree />
    </div>
  );
}
