import { decode, MAX_FILE_BYTES, tooLarge } from './read-text-file.ts';

/** Standard input, as text. Throws BadInputError where it is larger than a file may be, or no UTF-8. */
export async function readWhole(stream: AsyncIterable<Uint8Array | string>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    length += bytes.length;
    if (length > MAX_FILE_BYTES) throw tooLarge({ shown: '<stdin>' });
    chunks.push(bytes);
  }
  return decode(Buffer.concat(chunks), '<stdin>');
}
