import type { Storage } from '@graphiql/toolkit';

const THEME = 'graphiql:theme';
const WITH_HEADERS = ['graphiql:tabState', 'graphiql:queries', 'graphiql:favorites'];

/**
 * Where GraphiQL keeps open tabs, history and pane sizes: in this browser tab only, apart for each
 * person, gone when the tab is closed or the person signs out. Request headers are never kept,
 * because they may carry tokens.
 */
export class PersonalStorage implements Storage {
  readonly #prefix: string;
  #forgotten = false;

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
    if (this.#forgotten) return;
    const kept = WITH_HEADERS.includes(key) ? withoutHeaders(value) : value;
    sessionStorage.setItem(this.#name(key), kept);
  }

  removeItem(key: string) {
    sessionStorage.removeItem(this.#name(key));
  }

  clear() {
    for (const name of this.#keys()) sessionStorage.removeItem(name);
  }

  /** Clears, and ignores what GraphiQL still writes late. */
  forget() {
    this.#forgotten = true;
    this.clear();
  }

  #keys() {
    return Object.keys(sessionStorage).filter((name) => name.startsWith(this.#prefix));
  }

  /** The theme belongs to the browser tab, all else to the person. */
  #name(key: string) {
    return key === THEME ? THEME : this.#prefix + key;
  }
}

function withoutHeaders(json: string): string {
  return JSON.stringify(JSON.parse(json), (key, value) => (key === 'headers' ? null : value));
}
