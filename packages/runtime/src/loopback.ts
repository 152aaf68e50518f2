/** True for addresses that only this machine reaches. */
export const isLoopback = (host: string): boolean => /^(127(\.\d+){3}|::1|\[::1\]|localhost)$/.test(host);
