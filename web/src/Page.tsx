import { useCallback, useEffect, useState } from 'react';
import { Bar } from './bar/Bar';
import { Notice } from './bar/Notice';
import { type Config, loadConfig } from './config';
import { Console } from './Console';

/** The whole page: loads the configuration, then shows the console. */
export function Page() {
  const [config, setConfig] = useState<Config | null>(null);
  const [failed, setFailed] = useState(false);

  const load = useCallback(() => {
    setFailed(false);
    loadConfig().then(setConfig, () => setFailed(true));
  }, []);

  useEffect(load, [load]);

  if (config) return <Console config={config} />;
  return (
    <>
      <Bar />
      {failed ? (
        <Notice action="Try again" onAction={load}>
          The server cannot be reached. Check that it is running, then try again.
        </Notice>
      ) : (
        <p className="loading" role="status">Loading…</p>
      )}
    </>
  );
}
