// Districts and counties by GB/T 2260, found while typing: by name, pinyin initials or code, those served here first.
// The list is the rules' own (`domain/data`), read when a form first needs it.

import type { Station } from '@/host'
import { initials } from './initials'

/** A division an address may carry. */
export interface Division {
  code: string
  /** 西湖区. */
  name: string
  /** 浙江省杭州市西湖区. */
  path: string
}

const SHOWN = 40
let loaded: Promise<Division[]> | undefined

/** All districts, counties, and cities without any. */
export function loadDivisions(): Promise<Division[]> {
  loaded ??= import('../../../../domain/data/divisions.txt?raw').then((file) => readDivisions(file.default))
  return loaded
}

/** The list out of its file: `CODE NAME`, a line each, in the order of the codes. */
export function readDivisions(file: string): Division[] {
  const rows = file.trim().split('\n').map((line) => [line.slice(0, 6), line.slice(7).trim()] as const)
  const names = new Map(rows)
  const below = new Map<string, number>()
  for (const [code] of rows) below.set(code.slice(0, 4), (below.get(code.slice(0, 4)) ?? 0) + 1)
  return rows.flatMap(([code, name]) => {
    if (code.endsWith('0000') || (code.endsWith('00') && below.get(code.slice(0, 4)) !== 1)) return []
    const above = [`${code.slice(0, 2)}0000`, `${code.slice(0, 4)}00`].filter((one) => one !== code)
    const words = above.map((one) => names.get(one) ?? '').filter((word) => !word.endsWith('行政区划'))
    return [{ code, name, path: [...words, name].join('') }]
  })
}

/** The area a station's prefix stands for, without padding: `330100` → `3301`. */
const significant = (area: string): string => (area.length === 6 ? area.replace(/(0000|00)$/, '') : area)

/** The station that covers a division most exactly, if one does. */
export function servedBy(stations: readonly Station[], code: string): Station | null {
  let best: { station: Station; digits: number } | null = null
  for (const station of stations) {
    for (const area of station.divisions.map(significant)) {
      if (area !== '' && code.startsWith(area) && area.length > (best?.digits ?? 0)) best = { station, digits: area.length }
    }
  }
  return best?.station ?? null
}

/** How well a division matches; smaller is better, null is not at all. */
function rank(division: Division, query: string): number | null {
  if (/^\d+$/.test(query)) return division.code.startsWith(query) ? 0 : null
  if (division.name === query) return 0
  if (division.name.startsWith(query)) return 1
  if (/^[a-z]+$/.test(query)) {
    const letters = initials(division.name)
    return letters.startsWith(query) ? (letters === query ? 1 : 2) : initials(division.path).includes(query) ? 4 : null
  }
  return division.path.includes(query) ? 3 : null
}

/** Divisions that match, those of the stations here first; nothing typed shows those alone. */
export function findDivisions(all: readonly Division[], typed: string, stations: readonly Station[]): Division[] {
  const query = typed.normalize('NFKC').replace(/\s/g, '').toLowerCase()
  const near = (division: Division): number => (servedBy(stations, division.code) ? 0 : stations.some((s) => s.city.slice(0, 4) === division.code.slice(0, 4)) ? 1 : 2)
  if (query === '') return all.filter((division) => near(division) === 0).slice(0, SHOWN)
  return all
    .map((division) => ({ division, rank: rank(division, query) }))
    .filter((found): found is { division: Division; rank: number } => found.rank !== null)
    .map((found) => ({ ...found, near: near(found.division) }))
    .sort((a, b) => a.near - b.near || a.rank - b.rank || (a.division.code < b.division.code ? -1 : 1))
    .slice(0, SHOWN)
    .map((found) => found.division)
}
