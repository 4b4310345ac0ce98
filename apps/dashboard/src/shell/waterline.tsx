/** The sea at the foot of the sign-in pages, with a tide staff in it. Decoration. */

const wave = (y: number, rise: number, length: number): string => {
  let path = `M0 ${y}`;
  for (let x = 0; x < 1440; x += length) path += ` q${length / 4} ${-rise} ${length / 2} 0 t${length / 2} 0`;
  return `${path} V400 H0 Z`;
};

const marks = Array.from({ length: 22 }, (_, i) => i);

export function Waterline() {
  return (
    <div aria-hidden className="pointer-events-none absolute inset-x-0 bottom-0 -z-10 h-56 sm:h-full">
      <svg
        viewBox="0 0 1440 400"
        preserveAspectRatio="none"
        className="absolute inset-x-0 bottom-0 h-40 w-full sm:h-[33%]"
      >
        <path d={wave(90, 26, 960)} fill="var(--color-shoal)" opacity="0.7" />
        <path d={wave(170, 22, 720)} fill="var(--color-shoal)" />
        <path d={wave(250, 16, 576)} fill="var(--color-water)" opacity="0.55" />
      </svg>
      <div className="absolute right-[14%] bottom-0 hidden h-[58%] w-14 flex-col justify-between border-l-2 border-tide/70 pl-0 lg:flex">
        {marks.map((mark) => (
          <span key={mark} className="figures flex h-0 items-center gap-2 text-xs font-semibold text-tide">
            <span className={`h-0.5 bg-tide/70 ${mark % 5 === 1 ? 'w-5' : 'w-2.5'}`} />
            {mark % 5 === 1 ? (21 - mark) / 5 : ''}
          </span>
        ))}
      </div>
    </div>
  );
}
