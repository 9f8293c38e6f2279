/** Names for formats that allow a few characters only. */

/** A name of letters, digits, dots, underscores and dashes; a word where nothing of it is left. */
export function slug(text: string): string {
  return text.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[-.]+|[-.]+$/g, '') || 'unnamed'
}

/** Gives names that nothing else has which it gave a name, also where `same` makes two names one; the second time, a name gets a number. */
export function uniqueSlugs(same: (name: string) => string = name => name): (text: string) => string {
  const given = new Set<string>()
  return text => {
    const name = slug(text)
    let own = name
    for (let times = 2; given.has(same(own)); times++) own = `${name}-${times}`
    given.add(same(own))
    return own
  }
}
