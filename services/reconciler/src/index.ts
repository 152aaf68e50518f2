export { Reconciler, type ReconcilerOptions, type ReconcilerParts } from './reconciler.ts';
export { startReconciler } from './start-reconciler.ts';
