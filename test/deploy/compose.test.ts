import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { environmentVariables } from '@mcp-fleet/runtime';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { describeWith, service } from '../support/services.ts';
import { useTemporaryFolder } from '../support/temporary-folder.ts';
import { output, root } from './tools.ts';

const composed = z.object({
  services: z.record(
    z.string(),
    z.looseObject({
      image: z.string(),
      entrypoint: z.array(z.string()).optional(),
      command: z.array(z.string()).default([]),
      environment: z.record(z.string(), z.string()).default({}),
      restart: z.string(),
      healthcheck: z.looseObject({ test: z.array(z.string()) }).optional(),
      volumes: z.array(z.unknown()).default([]),
      ports: z.array(z.string()).default([]),
    }),
  ),
});

/** Ports of roles, by what sets each. */
const ports = { api: 'API_PORT', worker: 'WORKER_PORT', reconciler: 'RECONCILER_PORT' } as const;

/** Names whose values are secrets: the file has none of them, only where they come from. */
const secret = /KEY|TOKEN|SECRET|PASSWORD/;

describeWith(['python'], 'docker-compose.yml', () => {
  const folder = useTemporaryFolder();

  /** As a compose implementation reads it. It asks for its engine's version and nothing else. */
  async function read() {
    const podman = join(folder.path, 'podman');
    writeFileSync(podman, '#!/bin/sh\necho "podman version 5.4.0"\n');
    chmodSync(podman, 0o755);
    const text = await output(
      join(service('python'), 'bin/podman-compose'),
      ['-f', 'docker-compose.yml', 'config'],
      {
        PATH: `${folder.path}:${process.env.PATH}`,
      },
    );
    return composed.parse(parse(text)).services;
  }

  test('sets only variables that the fleet reads, and looks for health where it listens', async () => {
    const services = await read();
    const known = new Set(environmentVariables);
    for (const [role, setting] of Object.entries(ports)) {
      const { environment, healthcheck } = services[role] ?? expect.fail(`there is no ${role}`);
      expect(Object.keys(environment).filter((name) => !known.has(name))).toEqual([]);
      expect(healthcheck?.test.join(' ')).toContain(`127.0.0.1:${environment[setting]}/readyz`);
    }
  });

  test('runs nothing as root, with a writable root, without limits, or without a look at its health', async () => {
    for (const [name, each] of Object.entries(await read())) {
      expect(each, name).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        user: expect.stringMatching(/^[1-9]/),
      });
      expect(each.security_opt).toEqual(['no-new-privileges:true']);
      expect(each.deploy).toMatchObject({ resources: { limits: { memory: expect.anything() } } });
      if (each.restart !== 'no') expect(each.healthcheck, name).toBeDefined();
      for (const port of each.ports) expect(port).toMatch(/^127\.0\.0\.1:/);
    }
  });

  test('has no secret in it, and mounts files that are there', async () => {
    for (const { environment, volumes } of Object.values(await read())) {
      for (const [name, value] of Object.entries(environment)) if (secret.test(name)) expect(value).toBe('');
      const files = volumes.map(String).flatMap((volume) => /^(\.\/[^:]+):/.exec(volume)?.[1] ?? []);
      for (const file of files) expect(existsSync(join(root, file)), file).toBe(true);
    }
  });

  test('Prometheus looks at the ports of the roles', async () => {
    const services = await read();
    const { scrape_configs } = parse(readFileSync(join(root, 'monitoring/prometheus.yml'), 'utf8')) as {
      scrape_configs: { dns_sd_configs: { names: string[]; port: number }[] }[];
    };
    const looked = scrape_configs.flatMap((each) => each.dns_sd_configs);
    const expected = Object.entries(ports).map(([role, setting]) => ({
      names: [role],
      type: 'A',
      port: Number(services[role]?.environment[setting]),
    }));
    expect(looked).toEqual(expected);
  });
});
