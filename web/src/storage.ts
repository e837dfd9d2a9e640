import type { Storage } from '@graphiql/toolkit';

const THEME = 'graphiql:theme';
const WITH_HEADERS = ['graphiql:tabState', 'graphiql:queries', 'graphiql:favorites'];

/**
 * Stores GraphiQL's open tabs, history and pane sizes, separately for each user and only until the
 * browser tab is closed or the user signs out. Request headers are never stored, because they may
 * contain tokens.
 */
export class PersonalStorage implements Storage {
  readonly #prefix: string;
  #cleared = false;

  constructor(person: string) {
    this.#prefix = `clinigraph:${person}:`;
  }

  get length() {
    return this.#keys().length;
  }

  getItem(key: string) {
    return sessionStorage.getItem(this.#name(key));
  }

  setItem(key: string, value: string) {
    if (this.#cleared) return;
    const stored = WITH_HEADERS.includes(key) ? withoutHeaders(value) : value;
    sessionStorage.setItem(this.#name(key), stored);
  }

  removeItem(key: string) {
    sessionStorage.removeItem(this.#name(key));
  }

  clear() {
    for (const name of this.#keys()) sessionStorage.removeItem(name);
  }

  /** Clears the storage, and ignores what GraphiQL writes afterwards. */
  close() {
    this.#cleared = true;
    this.clear();
  }

  #keys() {
    return Object.keys(sessionStorage).filter((name) => name.startsWith(this.#prefix));
  }

  /** The theme belongs to the browser tab, everything else to the user. */
  #name(key: string) {
    return key === THEME ? THEME : this.#prefix + key;
  }
}

function withoutHeaders(json: string): string {
  return JSON.stringify(JSON.parse(json), (key, value) => (key === 'headers' ? null : value));
}
