import { describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import RailNav from '@/components/frame/RailNav.vue'
import SyncChip from '@/components/frame/SyncChip.vue'
import NumberField from '@/components/NumberField.vue'
import SyncMark from '@/components/SyncMark.vue'
import VirtualList from '@/components/VirtualList.vue'
import { readWeight } from '@/features/weigh/numbers'
import { setLanguage } from '@/i18n'
import { useSync } from '@/stores/sync'
import { useToasts } from '@/stores/toasts'
import { mounted, startDemo, until } from './mounting'

describe('a number field', () => {
  async function field(modelValue: string) {
    await startDemo()
    const { wrapper } = await mounted(NumberField, { props: { modelValue, label: '毛重', field: 'gross', testid: 'gross', read: readWeight } })
    return wrapper
  }

  it.each([
    ['52.40', '52.4'],
    ['３．５', '3.5'],
    ['3斤', '1.5'],
    ['1,234.5', '1234.5'],
  ])('reads %s as %s when it is left', async (text, value) => {
    const wrapper = await field(text)
    await wrapper.get('input').trigger('blur')
    expect(wrapper.emitted('update:modelValue')?.at(-1)).toEqual([value])
  })

  it('leaves nonsense for the engine to refuse, and goes on by Enter', async () => {
    const wrapper = await field('三斤')
    await wrapper.get('input').trigger('keydown', { key: 'Enter' })
    expect(wrapper.emitted('update:modelValue')).toBeUndefined()
    expect(wrapper.emitted('enter')).toHaveLength(1)
  })
})

describe('the sync chip', () => {
  it.each([
    [{ chip: 'synced', last_contact: new Date().toISOString() }, '●', '已同步'],
    [{ chip: 'pending', pending: 3 }, '◐', '3 条待同步'],
    [{ chip: 'offline', offline_since: new Date().toISOString(), pending: 2 }, '○', '离线，自'],
    [{ chip: 'attention', refused: 2 }, '⚠', '2 条需处理'],
    [{ chip: 'attention', refused: 0, last_error: 'sign_in_required' }, '⚠', '需重新登录'],
    [{ chip: 'attention', refused: 0, last_error: 'device_revoked' }, '⚠', '同步有问题'],
    [{ chip: 'practice' }, '◇', '练习'],
  ] as const)('says %o in shape and words', async (part, shape, words) => {
    await startDemo()
    setLanguage('zh')
    const { wrapper } = await mounted(SyncChip)
    const sync = useSync()
    sync.status = { ...sync.status, ...part }
    await nextTick()
    expect(wrapper.text()).toContain(shape)
    expect(wrapper.text()).toContain(words)
  })
})

describe('the mark of a row', () => {
  it.each([['practice', false], [undefined, true]] as const)('in %s shows what waits: %s', async (scenario, shown) => {
    await startDemo(scenario)
    const { wrapper } = await mounted(SyncMark, { props: { state: 'pending' } })
    expect(wrapper.find('[data-testid="sync-pending"]').exists()).toBe(shown)
  })
})

describe('the rail', () => {
  it('goes to a screen by Alt and its digit, even while something is typed', async () => {
    await startDemo()
    const { wrapper, router } = await mounted(RailNav, { at: '/today' })
    const orders = wrapper.get('[data-testid="rail-orders"]')
    expect(orders.attributes('aria-keyshortcuts')).toBe('Alt+3')
    const field = document.body.appendChild(document.createElement('input'))
    field.dispatchEvent(new KeyboardEvent('keydown', { key: '3', bubbles: true }))
    field.dispatchEvent(new KeyboardEvent('keydown', { key: '3', altKey: true, bubbles: true }))
    await until(() => router.currentRoute.value.name === 'orders')
    field.remove()
  })
})

describe('a virtual list', () => {
  const items = Array.from({ length: 10_000 }, (_, n) => ({ id: `row-${n}` }))
  const list = () =>
    mounted(VirtualList as never, { props: { items, rowHeight: 80, itemKey: (item: { id: string }) => item.id, label: '行', activeKey: 'row-1' } })

  it('has few nodes for 10,000 rows, and room for all of them', async () => {
    await startDemo()
    const { wrapper } = await list()
    await nextTick()
    const lines = wrapper.findAll('[role="listitem"]')
    expect(lines.length).toBeGreaterThan(5)
    expect(lines.length).toBeLessThan(40)
    expect(wrapper.get('[role="list"]').attributes('style')).toContain('800000px')
    expect(wrapper.get('[aria-current="true"]').attributes('aria-posinset')).toBe('2')
  })

  it('moves by arrow keys and opens by Enter', async () => {
    await startDemo()
    const { wrapper } = await list()
    await nextTick()
    await wrapper.get('[data-index="0"]').trigger('keydown', { key: 'ArrowDown' })
    await nextTick()
    await wrapper.get('[data-index="1"]').trigger('keydown', { key: 'Enter' })
    expect(wrapper.emitted('choose')?.[0]).toEqual([{ id: 'row-1' }])
  })
})

describe('toasts', () => {
  it('offer a way back, and say refusals in words', async () => {
    await startDemo()
    const toasts = useToasts()
    let undone = 0
    toasts.undoable('已指派', () => void (undone += 1))
    await toasts.toasts[0]?.action?.run()
    expect(undone).toBe(1)
    toasts.fail({ code: 'already_paid' })
    expect(toasts.toasts.at(-1)?.text).toContain('退款')
  })
})
