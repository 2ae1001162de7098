// Pinyin initials of place names, out of the system's own ordering of Hanzi by pinyin: 西湖 → xh.

// The first Hanzi of each letter in that order; i, u and v begin no syllable.
const FIRST = '阿八嚓哒妸发旮哈讥咔垃痳拏噢妑七呥扨它穵夕丫帀'
const LETTERS = 'abcdefghjklmnopqrstwxyz'
/** Read otherwise in place names than the ordering has them. */
const IN_PLACES: Record<string, string> = { 重: 'c', 厦: 'x', 番: 'p' }

const order = new Intl.Collator('zh-CN-u-co-pinyin')
const known = new Map<string, string>(Object.entries(IN_PLACES))

function initial(hanzi: string): string {
  const found = known.get(hanzi)
  if (found !== undefined) return found
  let letter = ''
  if (/\p{Script=Han}/u.test(hanzi)) {
    for (const [at, first] of [...FIRST].entries()) if (order.compare(hanzi, first) >= 0) letter = LETTERS[at] ?? ''
  } else if (/[a-z0-9]/i.test(hanzi)) letter = hanzi.toLowerCase()
  known.set(hanzi, letter)
  return letter
}

/** The initials of a name. */
export const initials = (name: string): string => [...name].map(initial).join('')
