import { expect, it } from 'vitest';
import { toPlace } from './place.ts';

const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

it('is a country and a device, and nothing else of what was sent', () => {
  expect(toPlace('SE', firefox)).toEqual({ country: 'SE', device: 'Firefox on Linux' });
  expect(toPlace('SE', `${firefox} <b>${'x'.repeat(5_000)}`).device).toBe('Firefox on Linux');
});

it.each(['XX', 'T1', 'se', 'SWE', '', null, undefined, 7, { country: 'SE' }])('knows no country %j', (country) => {
  expect(toPlace(country, null)).toEqual({ country: null, device: 'Unknown device' });
});
