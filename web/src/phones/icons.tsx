const PATHS = {
  phone:
    'M6.6 10.8a15.1 15.1 0 0 0 6.6 6.6l2.2-2.2a1 1 0 0 1 1-.25 11.4 11.4 0 0 0 3.6.57 1 1 0 0 1 1 1V20a1 1 0 0 1-1 1A17 17 0 0 1 3 4a1 1 0 0 1 1-1h3.5a1 1 0 0 1 1 1 11.4 11.4 0 0 0 .57 3.6 1 1 0 0 1-.25 1z',
  video:
    'M4 6h10a2 2 0 0 1 2 2v1.5l4-2.3a.7.7 0 0 1 1 .6v8.4a.7.7 0 0 1-1 .6l-4-2.3V16a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V8a2 2 0 0 1 2-2z',
  mic: 'M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3zM6 11h1.8a4.2 4.2 0 0 0 8.4 0H18a6 6 0 0 1-5.1 5.9V20h-1.8v-3.1A6 6 0 0 1 6 11z',
  pause: 'M7 5h3.4v14H7zM13.6 5H17v14h-3.4z',
  bell: 'M12 2.5a1.6 1.6 0 0 1 1.6 1.6v.3A6 6 0 0 1 18 10.200v4.300l1.700 2.500a.8.8 0 0 1-.7 1.200H5a.8.8 0 0 1-.7-1.200L6 14.500v-4.300a6 6 0 0 1 4.400-5.800v-.3A1.600 1.600 0 0 1 12 2.500zM9.700 19.500h4.600a2.300 2.300 0 0 1-4.600 0z',
  moon: 'M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z',
} as const;

interface IconProps {
  name: keyof typeof PATHS | 'hang-up';
  size?: number;
  /** Crossed out: what it stands for is off. */
  off?: boolean;
}

/** Decoration: what it means is said by the text or label beside it. */
export function Icon({ name, size = 20, off = false }: IconProps) {
  const path = name === 'hang-up' ? PATHS.phone : PATHS[name];
  return (
    <svg viewBox="0 0 24 24" width={size} height={size} fill="currentColor" aria-hidden="true">
      <path d={path} transform={name === 'hang-up' ? 'rotate(135 12 12)' : undefined} />
      {off && <path d="M4 3 21 20" stroke="currentColor" stroke-width="2.4" stroke-linecap="round" />}
    </svg>
  );
}
