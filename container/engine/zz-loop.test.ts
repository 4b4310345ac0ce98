import { it, expect } from 'vitest';
import { EngineUnderTest } from '../../test/engine/engine-under-test.ts';
it('loops', async () => {
  const e = await EngineUnderTest.start('ns');
  let bad = 0;
  for (let i = 0; i < 150; i++) {
    const c = await e.run('l' + i, { certificate: i % 2 === 0 });
    const s = await c.state();
    if (s.Status !== 'running') {
      bad++;
      console.log(i, s, c.log());
    }
    await c.remove();
  }
  await e.stop();
  expect(bad).toBe(0);
}, 300000);
