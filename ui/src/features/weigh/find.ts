// Finding goods while typing: by the short code, pinyin initials or a part of the name, best match first.

import type { CatalogueItem } from '@/host'

/** How well goods match; smaller is better, null is not at all. */
function rank(goods: CatalogueItem, query: string): number | null {
  const { code, pinyin } = goods
  const names = [goods.name.toLowerCase(), goods.name_en.toLowerCase()]
  if (code !== '' && code === query) return 0
  if (pinyin !== '' && pinyin.toLowerCase() === query) return 1
  if (names.includes(query)) return 2
  if (code !== '' && code.startsWith(query)) return 3
  if (pinyin.toLowerCase().startsWith(query)) return 4
  if (names.some((n) => n.startsWith(query))) return 5
  if (names.some((n) => n.includes(query))) return 6
  if (goods.category.includes(query)) return 7
  return null
}

/** Goods that match, best first; everything in the book's order while nothing is typed. */
export function findGoods(catalogue: readonly CatalogueItem[], query: string): CatalogueItem[] {
  const wanted = query.normalize('NFKC').trim().toLowerCase()
  if (wanted === '') return [...catalogue]
  return catalogue
    .map((goods, at) => ({ goods, at, rank: rank(goods, wanted) }))
    .filter((m): m is { goods: CatalogueItem; at: number; rank: number } => m.rank !== null)
    .sort((a, b) => a.rank - b.rank || a.at - b.at)
    .map((m) => m.goods)
}
