import { explorerPlugin } from '@graphiql/plugin-explorer';
import type { GraphiQLPlugin } from '@graphiql/react';
import { useEffect, useRef } from 'react';

const { content: Tree, icon } = explorerPlugin({ showAttribution: false });
const TREE_SETTLES_MS = 100;

/** The schema as a tree to build operations with. */
export const EXPLORER_PLUGIN: GraphiQLPlugin = { title: 'Explorer', icon, content: Explorer };

function Explorer() {
  const tree = useRef<HTMLDivElement>(null);

  // As it opens, the tree focuses the operation's last argument, and the pane scrolls down to it.
  useEffect(() => {
    const scrollBack = () => tree.current?.parentElement?.scrollTo({ top: 0 });
    const timer = setTimeout(scrollBack, TREE_SETTLES_MS);
    return () => clearTimeout(timer);
  }, []);

  return (
    <div ref={tree}>
      <Tree />
    </div>
  );
}
