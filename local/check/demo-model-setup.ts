// Global set-up of the control plane's runtime project: the demo model, whose log is the gateway's own log there. Tests in
// workerd reach it over loopback under the binding DEMO_MODEL_URL.

import type { TestProject } from 'vitest/node';
import { startDemoModel } from '../demo-model/main.ts';

declare module 'vitest' {
  interface ProvidedContext {
    demoModelUrl: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const model = await startDemoModel({ port: 0, logFile: null, pieceDelayMs: 0 });
  project.provide('demoModelUrl', model.baseUrl);
  return () => model.close();
}
