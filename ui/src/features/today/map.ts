// Where to go, as a link that map programs understand.

import type { Address } from '@/host'

/** A link to the address on a map; by coordinates where they are known, else by words. */
export function mapLink(address: Address, divisionName: string): string {
  const words = `${divisionName}${address.detail}`
  const params = new URLSearchParams({ name: words, src: 'huishou', coordinate: 'gaode', callnative: '1' })
  if (address.lng && address.lat) {
    params.set('position', `${address.lng},${address.lat}`)
    return `https://uri.amap.com/marker?${params}`
  }
  return `https://uri.amap.com/search?${new URLSearchParams({ keyword: words, src: 'huishou', callnative: '1' })}`
}
