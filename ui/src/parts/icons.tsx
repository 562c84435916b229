import type { ReactNode } from "react";

// Line drawings on a grid of 24, in the colour of the text around them. The word beside each one speaks; they are silent.
const DRAWINGS = {
  bolt: <path d="M13 3 5 14h6l-1 7 8-11h-6z" />,
  bookmark: <path d="M7 4h10v16l-5-4-5 4z" />,
  car: <path d="M4 16v-4l2-5h12l2 5v4zM4 12h16M7.5 16v2M16.5 16v2" />,
  check: <path d="m5 12.5 4.5 4.5L19 7.5" />,
  cloudOff: <path d="M4 4l16 16M9 7a5 5 0 0 1 8 3 4 4 0 0 1 2.5 6.7M16 18H7a4 4 0 0 1-.8-7.9" />,
  flag: <path d="M6 21V4h12l-2.5 4L18 12H6" />,
  forbidden: <path d="M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM6 6l12 12" />,
  moon: <path d="M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z" />,
  pause: <path d="M8 5v14M16 5v14" />,
  play: <path d="M7 4.5v15l12-7.5z" />,
  plug: <path d="M9 3v5M15 3v5M6 8h12v3a6 6 0 0 1-12 0zM12 17v4" />,
  stop: <path d="M6 6h12v12H6z" />,
  sun: (
    <path d="M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5 19 19M5 19l1.5-1.5M17.5 6.5 19 5" />
  ),
  warning: <path d="M12 4 2.5 20h19zM12 10v4M12 17v.5" />,
} satisfies Record<string, ReactNode>;

export type IconName = keyof typeof DRAWINGS;

export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg
      aria-hidden="true"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      {DRAWINGS[name]}
    </svg>
  );
}
