/** The state of an assistant, one vocabulary: an icon with a word, and a pool whose water stands as high as it is awake. */
import {
  CircleDashed,
  CirclePause,
  CircleSlash,
  Droplets,
  Eraser,
  type LucideIcon,
  Moon,
  Sunrise,
  Sunset,
  TriangleAlert,
  Waves,
} from 'lucide-react';
import { useId } from 'react';
import type { TenantStateKind } from '../../../control-plane/src/contract/tenant-rpc.ts';

interface StateLook {
  readonly label: string;
  readonly icon: LucideIcon;
  readonly badge: string;
  /** Water in the pool, 0..1. */
  readonly level: number;
  readonly moving: boolean;
  readonly tone: 'tide' | 'sand' | 'coral';
}

const calm = 'bg-well text-soft';
const live = 'bg-shoal text-tide-deep';
const care = 'bg-sand-soft text-sand';
const alarm = 'bg-coral-soft text-coral';

const looks: Record<TenantStateKind, StateLook> = {
  absent: { label: 'Not set up', icon: CircleDashed, badge: calm, level: 0, moving: false, tone: 'tide' },
  provisioning: { label: 'Setting up', icon: Droplets, badge: live, level: 0.42, moving: true, tone: 'tide' },
  asleep: { label: 'Asleep', icon: Moon, badge: calm, level: 0.24, moving: false, tone: 'tide' },
  waking: { label: 'Waking', icon: Sunrise, badge: live, level: 0.5, moving: true, tone: 'tide' },
  awake: { label: 'Awake', icon: Waves, badge: live, level: 0.72, moving: false, tone: 'tide' },
  draining: { label: 'Going to sleep', icon: Sunset, badge: live, level: 0.42, moving: true, tone: 'tide' },
  suspended: { label: 'Suspended', icon: CirclePause, badge: care, level: 0.2, moving: false, tone: 'sand' },
  needs_operator: {
    label: 'Needs attention',
    icon: TriangleAlert,
    badge: alarm,
    level: 0.34,
    moving: false,
    tone: 'coral',
  },
  deleting: { label: 'Deleting', icon: Eraser, badge: care, level: 0.08, moving: true, tone: 'sand' },
  deleted: { label: 'Deleted', icon: CircleSlash, badge: calm, level: 0, moving: false, tone: 'tide' },
};

export function stateLabel(state: TenantStateKind): string {
  return looks[state].label;
}

export function StateBadge({ state }: { state: TenantStateKind }) {
  const { label, icon: Icon, badge } = looks[state];
  return (
    <span
      className={`inline-flex items-center gap-1.5 rounded-full px-2.5 py-0.5 text-sm font-semibold whitespace-nowrap ${badge}`}
    >
      <Icon size={15} aria-hidden />
      {label}
    </span>
  );
}

const waterColours = {
  tide: 'var(--color-water)',
  sand: 'color-mix(in oklch, var(--color-sand) 42%, var(--color-foam))',
  coral: 'color-mix(in oklch, var(--color-coral) 42%, var(--color-foam))',
} as const;
const rimColours = { tide: 'var(--color-tide)', sand: 'var(--color-sand)', coral: 'var(--color-coral)' } as const;

/** The pool. Decoration: the badge beside it says the state. */
export function Pool({ state, size }: { state: TenantStateKind; size: number }) {
  const clip = useId();
  const { level, moving, tone } = looks[state];
  const y = 46 - level * 44;
  const wave = (offset: number): string =>
    `M-48 ${y + offset} q6 -3 12 0 t12 0 t12 0 t12 0 t12 0 t12 0 t12 0 t12 0 t12 0 t12 0 t12 0 t12 0 V60 H-48 Z`;
  return (
    <svg aria-hidden width={size} height={size} viewBox="0 0 48 48" className="shrink-0">
      <clipPath id={clip}>
        <circle cx="24" cy="24" r="21" />
      </clipPath>
      <circle cx="24" cy="24" r="22.5" fill="var(--color-well)" />
      <g clipPath={`url(#${clip})`}>
        {level === 0 ? null : (
          <>
            <path d={wave(2)} fill={waterColours[tone]} opacity="0.55" className={moving ? 'motion-swell' : ''} />
            <path
              d={wave(4.5)}
              fill={waterColours[tone]}
              className={moving ? 'motion-swell' : ''}
              style={{ animationDuration: '3.4s' }}
            />
          </>
        )}
      </g>
      <circle
        cx="24"
        cy="24"
        r="22.5"
        fill="none"
        stroke={rimColours[tone]}
        strokeWidth="1.5"
        strokeDasharray={level === 0 ? '3 4' : undefined}
      />
    </svg>
  );
}
