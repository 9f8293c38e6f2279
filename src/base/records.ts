/** The entry of that name; undefined where there is none, also for what every object has besides: `constructor`, `toString`. */
export function entryOf<V>(record: Readonly<Record<string, V>>, name: string): V | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined
}
