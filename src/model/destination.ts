/** Where connections go to. */
export interface Destination {
  readonly address: string;
  readonly port: number;
}

/** A name that two destinations share only where they are the same. */
export function destinationName({ address, port }: Destination): string {
  return `${address} ${port}`;
}
