import type { ReactNode } from 'react';
import icon from '../icon.svg';

export function Bar({ children }: { children?: ReactNode }) {
  return (
    <header className="bar">
      <h1>
        <img src={icon} alt="" width="20" height="20" /> clinigraph
      </h1>
      {children}
    </header>
  );
}
