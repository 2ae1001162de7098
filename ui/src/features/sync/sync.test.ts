import { describe, expect, it } from 'vitest'
import { useSync } from '@/stores/sync'
import type { MutationEntry } from '@/host'
import { mounted, startDemo, until } from '../../../tests/mounting'
import MutationCard from './MutationCard.vue'
import { sorted } from './mutations'
import SyncScreen from './SyncScreen.vue'

async function centre(scenario?: string) {
  const host = await startDemo(scenario)
  const { wrapper } = await mounted(SyncScreen)
  await until(() => !wrapper.find('[data-testid="skeleton"]').exists())
  return { host, wrapper }
}

describe('the sync centre', () => {
  it('says what would be lost', async () => {
    expect((await centre()).wrapper.get('[data-testid="lost"]').text()).toContain('什么都不会丢')
    expect((await centre('attention')).wrapper.get('[data-testid="lost"]').text()).toContain('1 条')
    expect((await centre('practice')).wrapper.get('[data-testid="lost"]').text()).toContain('从不上传')
  })

  it('keeps showing what was done on a visit that nobody here knows any more, with the reason and whom to ask', async () => {
    await startDemo()
    const done: MutationEntry = { id: 3, uid: 'u', name: 'order.pay@1', at: '2026-11-23T02:00:00.000Z', actor: '张三', subject: 'HS-20261123-4F7K2Q9M', appointment_id: null, order_id: 'o', outcome: null, code: 'visit_unknown', field: null, open: false, args: {}, current: null }
    const waiting = (await mounted(MutationCard, { props: { entry: done } })).wrapper
    expect(waiting.text()).toContain('已不在本机')
    expect(waiting.find('[data-testid="call-station"]').exists()).toBe(true)
    const disputed = (await mounted(MutationCard, { props: { entry: { ...done, outcome: 'applied', code: 'disputed' } } })).wrapper
    expect(disputed.find('[data-testid="call-station"]').exists()).toBe(true)
    const again = (await mounted(MutationCard, { props: { entry: { ...done, code: 'told_again' } } })).wrapper
    expect(again.text()).toContain('重新上报')
    expect(again.find('[data-testid="call-station"]').exists()).toBe(false)
  })

  it('counts the pictures that are not up yet', async () => {
    const { host, wrapper } = await centre()
    expect(wrapper.find('[data-testid="pictures-wait"]').exists()).toBe(false)
    await host.picturePut('iVBORw0KGgo=')
    await host.picturePut('iVBORw0KGgAA')
    await until(() => useSync().status.pictures === 2)
    await until(() => wrapper.find('[data-testid="pictures-wait"]').exists())
    expect(wrapper.get('[data-testid="pictures-wait"]').text()).toContain('2 张图片')
    expect(wrapper.get('[data-testid="lost"]').text()).toContain('会丢失还没上传的图片')
    expect(useSync().status.chip).toBe('pending')
    await host.syncNow()
    await until(() => !wrapper.find('[data-testid="pictures-wait"]').exists())
    expect(wrapper.get('[data-testid="lost"]').text()).toContain('什么都不会丢')
  })

  it('shows why something was refused, in words, with a way on', async () => {
    const { wrapper } = await centre('attention')
    const refused = wrapper.get('[data-testid="refused"]')
    expect(refused.text()).toContain('不在可约时段内')
    expect(refused.text()).toContain('别人已先改了')
    expect(refused.findAll('[data-testid="edit"]')).toHaveLength(2)
    expect(refused.findAll('[data-testid="call-station"]')).toHaveLength(2)
  })

  it('lets a refused change be discarded after asking', async () => {
    const { host, wrapper } = await centre('attention')
    await wrapper.get('[data-testid="discard"]').trigger('click')
    await until(() => document.querySelector('[data-testid="discard-go"]') !== null)
    document.querySelector<HTMLButtonElement>('[data-testid="discard-go"]')?.click()
    await until(() => wrapper.findAll('[data-testid="mutation-refused"]').length === 1)
    expect((await host.syncStatus()).refused).toBe(1)
  })

  it('lets a refused change be put right and sent again', async () => {
    const { wrapper } = await centre('attention')
    await wrapper.findAll('[data-testid="edit"]')[1]?.trigger('click')
    await until(() => document.querySelector('#edit-form') !== null)
    document.querySelector<HTMLFormElement>('#edit-form')?.requestSubmit()
    await until(() => wrapper.findAll('[data-testid="mutation-refused"]').length === 1 || document.querySelector('[data-testid="form-errors"]') !== null)
  })

  it('switches off the network for training', async () => {
    const { wrapper } = await centre()
    await wrapper.get('[data-testid="offline-switch"] input').setValue(true)
    await until(() => useSync().status.chip === 'offline')
    await wrapper.get('[data-testid="sync-now"]').trigger('click')
    await until(() => useSync().status.last_error === 'offline')
  })

  it('sends what waits in the order it was made', () => {
    const entry = (id: number, outcome: 'applied' | null, open = false) => ({ id, uid: String(id), name: 'order.pay@1', at: '', actor: '', subject: '', appointment_id: null, order_id: null, outcome, code: null, field: null, open, args: {}, current: null })
    const lists = sorted([entry(3, null), entry(1, 'applied'), entry(2, null), entry(4, 'applied')])
    expect(lists.waiting.map((e) => e.id)).toEqual([2, 3])
    expect(lists.answered.map((e) => e.id)).toEqual([4, 1])
  })
})
