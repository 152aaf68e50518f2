export { type EmbeddedPostgres, hasEmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts';
export { type FolderLock, type FolderOwner, folderOwner, lockFolder } from './folder-lock.ts';
export { newId } from './id.ts';
