import type { Environment } from 'monaco-editor';
import EditorWorker from 'monaco-editor/esm/vs/editor/editor.worker.js?worker';
import JsonWorker from 'monaco-editor/esm/vs/language/json/json.worker.js?worker';
import GraphQLWorker from 'monaco-graphql/esm/graphql.worker.js?worker';

/** Monaco's language services, bundled so that they load from this server. */
const environment: Environment = {
  getWorker(_id, language) {
    if (language === 'json') return new JsonWorker();
    if (language === 'graphql') return new GraphQLWorker();
    return new EditorWorker();
  },
};

window.MonacoEnvironment = environment;
