// Which container images a Worker's configuration names, and under which tags the runtime will ask for them.
// wrangler's types are open here, so both inputs are parsed.

import path from 'node:path';
import { z } from 'zod';
import type { ImageBuild } from './docker.ts';

const containersSchema = z
  .array(
    z.object({
      class_name: z.string(),
      images: z
        .record(
          z.string(),
          z.object({
            dockerfile: z.string().optional(),
            build_context: z.string().optional(),
            build_vars: z.record(z.string(), z.string()).default({}),
          }),
        )
        .default({}),
    }),
  )
  .default([]);
const objectsSchema = z
  .record(
    z.string(),
    z.union([
      z.string(),
      z.object({
        className: z.string(),
        container: z
          .object({ images: z.array(z.object({ name: z.string(), image: z.string() })).default([]) })
          .optional(),
      }),
    ]),
  )
  .default({});

/** The images to build, from `containers` of wrangler.toml and the Durable Object options wrangler made of it. */
export function imageBuilds(configPath: string, containers: unknown, durableObjects: unknown): ImageBuild[] {
  const declared = containersSchema.parse(containers ?? undefined);
  const base = path.dirname(configPath);
  return Object.values(objectsSchema.parse(durableObjects ?? undefined)).flatMap((object) => {
    if (typeof object === 'string') return [];
    const images = declared.find((container) => container.class_name === object.className)?.images ?? {};
    return (object.container?.images ?? []).flatMap(({ name, image: tag }) => {
      const source = images[name];
      if (source?.dockerfile === undefined) return [];
      const dockerfile = path.resolve(base, source.dockerfile);
      const context =
        source.build_context === undefined ? path.dirname(dockerfile) : path.resolve(base, source.build_context);
      return [{ tag, dockerfile, context, buildVars: source.build_vars }];
    });
  });
}
