import { randomUUID } from 'node:crypto';
import type { CollectedBlobs, NewBlob } from '@mcp-fleet/core';
import { expect, test } from 'vitest';
import { newJob, type OpenedStore, result, success, taken, tenant } from './fixtures.ts';

const newBlob = (over: Partial<NewBlob>): NewBlob => ({
  id: randomUUID(),
  tenant,
  jobId: 'job_1',
  mediaType: 'application/json',
  bytes: new Uint8Array([1, 2, 3]),
  ...over,
});

/** Bytes that are kept beside a job. */
export function blobRules(opened: () => OpenedStore): void {
  const store = () => opened().store;

  test('a blob of 20 MB comes back whole, for its tenant only, and is saved once', async () => {
    const bytes = new Uint8Array(20_000_000).map((_, n) => n % 251);
    const blob = newBlob({ bytes });
    expect(await store().saveBlob(blob)).toBe(blob.id);
    await store().saveBlob(blob);
    const read = await store().blob(tenant, blob.id);
    expect(read).toMatchObject({ jobId: 'job_1', mediaType: 'application/json' });
    expect(Buffer.compare(Buffer.from(read?.bytes ?? []), Buffer.from(bytes))).toBe(0);
    expect(await store().blob('tenant_b', blob.id)).toBeNull();
  });

  test('blobs that no step of an ended job refers to are deleted, the others are kept', async () => {
    const ended = (await store().accept(newJob())).job.id;
    const running = (await store().accept(newJob())).job.id;
    const referred = await store().saveBlob(newBlob({ jobId: ended }));
    const orphan = await store().saveBlob(newBlob({ jobId: ended }));
    const early = await store().saveBlob(newBlob({ jobId: running }));
    const jobless = await store().saveBlob(newBlob({ jobId: 'job_none' }));
    const { fence } = await taken(store(), ended);
    await taken(store(), running);
    await store().recordStep(fence, result({ blob: referred }), { durable: true });
    await store().settle(fence, success());

    const all = [referred, orphan, early, jobless];
    const left = async () => {
      const blobs = await Promise.all(all.map((id) => store().blob(tenant, id)));
      return blobs.flatMap((blob) => blob?.id ?? []);
    };
    expect(await store().collectBlobs(3_600_000, { after: null, limit: 10 })).toEqual({
      deleted: 0,
      after: null,
    });
    expect(await left()).toEqual(all);
    let deleted = 0;
    let after: string | null = null;
    do {
      const page: CollectedBlobs = await store().collectBlobs(0, { after, limit: 2 });
      deleted += page.deleted;
      after = page.after;
    } while (after !== null);
    expect(await left()).toEqual([referred, early]);
    expect(deleted).toBeGreaterThanOrEqual(2);
  });
}
