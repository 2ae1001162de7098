import { describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import DecimalField from '@/components/DecimalField.vue'
import SyncChip from '@/components/frame/SyncChip.vue'
import VirtualList from '@/components/VirtualList.vue'
import { setLanguage } from '@/i18n'
import { useSync } from '@/stores/sync'
import { useToasts } from '@/stores/toasts'
import { mounted, startDemo } from './mounting'

describe('a decimal field', () => {
  async function typing(text: string, measure = 'kg') {
    await startDemo()
    const { wrapper } = await mounted(DecimalField, { props: { modelValue: '', measure, label: '毛重' } })
    await wrapper.get('input').setValue(text)
    return { wrapper, value: wrapper.emitted('update:modelValue')?.at(-1)?.[0] }
  }

  it.each([
    ['52.40', '52.40'],
    ['52.', '52.'],
    ['３．５', '3.5'],
    ['3斤', '1.5'],
    ['1,234.5', '1234.5'],
  ])('takes %s as %s', async (text, value) => expect((await typing(text)).value).toBe(value))

  it('shows what a pasted unit came to, and leaves nonsense for the engine to refuse', async () => {
    const { wrapper } = await typing('3斤')
    expect(wrapper.text()).toContain('1.5 kg')
    expect((await typing('三斤')).value).toBe('三斤')
  })

  it('writes by the pad without losing the field', async () => {
    await startDemo()
    const { wrapper } = await mounted(DecimalField, { props: { modelValue: '5', measure: 'kg', label: '毛重', pad: 'always' } })
    await wrapper.get('input').trigger('focus')
    const keys = wrapper.findAll('[data-testid="pad"] button')
    await keys.find((key) => key.text() === '.')?.trigger('click')
    expect(wrapper.emitted('update:modelValue')?.at(-1)).toEqual(['5.'])
    await keys.find((key) => key.text() === '完成')?.trigger('click')
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
