import react from '@vitejs/plugin-react';
import { defineConfig, loadEnv } from 'vite';

export default defineConfig(({ mode }) => {
  const { CLINIGRAPH_URL: server = 'http://127.0.0.1:4000' } = loadEnv(mode, '.', 'CLINIGRAPH_');

  return {
    base: '/graphiql/',
    plugins: [react()],
    build: {
      outDir: 'dist',
      assetsDir: 'assets',
      target: 'es2022',
      sourcemap: false,
      license: { fileName: 'licenses.md' },
      modulePreload: { polyfill: false },
      // Monaco alone is larger than the default limit.
      chunkSizeWarningLimit: 4000,
      rolldownOptions: {
        onwarn(warning, warn) {
          // Hints of the libraries to a compiler that is not used here.
          if (warning.code !== 'MODULE_LEVEL_DIRECTIVE') warn(warning);
        },
      },
    },
    worker: { format: 'es' },
    server: {
      proxy: {
        '/graphql': { target: server, ws: true, headers: { origin: server } },
        '/graphiql/config.json': server,
      },
    },
  };
});
