import { isRecord, listOf, type PlainRecord } from '../model/plain-data.ts';

/** The value where it is a map, an empty map otherwise. */
export function mapOf(value: unknown): PlainRecord {
  return isRecord(value) ? value : {};
}

/** The maps in a list; nothing where it is no list. */
export function mapsOf(value: unknown): readonly PlainRecord[] {
  return listOf(value).filter(isRecord);
}
