import { beforeEach, describe, expect, it } from 'vitest'
import type { Host } from '@/host'
import { setHost } from '@/host'
import { draftKeeper } from './draft'

describe('a draft', () => {
  const disk = new Map<string, unknown>()
  let puts = 0
  let full = false

  beforeEach(() => {
    disk.clear()
    puts = 0
    full = false
    setHost({
      draftPut: async (key: string, value: unknown) => {
        if (full) throw { code: 'disk_full' }
        puts += 1
        disk.set(key, value)
      },
      draftDelete: async (key: string) => { disk.delete(key) },
    } as unknown as Host)
  })

  it('is stored once after a burst of changes, as it was at the last of them', async () => {
    const keeper = draftKeeper<{ gross: string }>('weigh:1')
    const value = { gross: '5' }
    keeper.put(value)
    value.gross = '52'
    keeper.put(value)
    value.gross = 'not yet said'
    await keeper.flush()
    expect(disk.get('weigh:1')).toEqual({ gross: '52' })
    expect(puts).toBe(1)
  })

  it('stays away once it is dropped, even with a change still waiting', async () => {
    const keeper = draftKeeper<number>('weigh:1')
    keeper.put(1)
    await keeper.flush()
    keeper.put(2)
    await keeper.drop()
    await keeper.flush()
    expect(disk.has('weigh:1')).toBe(false)
  })

  it('says that it could not be stored, and stores the next change', async () => {
    const told: unknown[] = []
    const keeper = draftKeeper<number>('weigh:1', (reason) => told.push(reason))
    full = true
    keeper.put(1)
    await keeper.flush()
    full = false
    keeper.put(2)
    await keeper.flush()
    expect(told).toEqual([{ code: 'disk_full' }])
    expect(disk.get('weigh:1')).toBe(2)
  })
})
