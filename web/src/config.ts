/** A user of the demo data, with their password. */
export interface DemoPerson {
  label: string;
  role: string;
  clinic: string | null;
  email: string;
  password: string;
}

export interface Config {
  endpoint: string;
  demo: boolean;
  people: DemoPerson[];
}

export async function loadConfig(): Promise<Config> {
  const response = await fetch(`${import.meta.env.BASE_URL}config.json`, { cache: 'no-store' });
  if (!response.ok) throw new Error(`config.json answered ${response.status}`);
  return response.json();
}
