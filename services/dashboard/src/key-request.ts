/** Told when the fleet refuses a request for the lack of a valid key. */
let listener: () => void = () => undefined;

export function onKeyRequest(told: () => void): void {
  listener = told;
}

export const askForKey = (): void => listener();
