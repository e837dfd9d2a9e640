import type { ReactNode } from 'react';

interface Props {
  children: ReactNode;
  action: string;
  onAction(): void;
}

export function Notice({ children, action, onAction }: Props) {
  return (
    <div className="notice" role="alert">
      <span>{children}</span>
      <button type="button" onClick={onAction}>
        {action}
      </button>
    </div>
  );
}
