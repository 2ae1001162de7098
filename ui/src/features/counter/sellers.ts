// Sellers who come again: the name that goes with a telephone number, from what this device knows.

import { host } from '@/host'

/** The name last given with a number; empty where it is new here. */
export async function nameOf(phone: string): Promise<string> {
  const rows = await host().orders({ from: null, to: null, query: phone, statuses: [], tickets: null })
  const newest = rows[0]
  if (!newest) return ''
  const { order, appointment } = await host().order(newest.id)
  const known = [order.seller, appointment?.contact].find((one) => one?.phone === phone)
  return known?.name ?? ''
}
