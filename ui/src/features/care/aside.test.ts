import { afterEach, describe, expect, it, vi } from 'vitest'
import { host, type Host } from '@/host'
import { mounted, start, startDemo, until } from '../../../tests/mounting'
import SignInScreen from '../session/SignInScreen.vue'
import CheckScreen from './CheckScreen.vue'

describe('a store that nothing opens any more', () => {
  it.each(['key-lost', 'passphrase-lost'])('is set aside after being asked twice, and says where it lies: %s', async (scenario) => {
    const { wrapper, opened, seen, text } = await start(scenario)
    if (scenario === 'passphrase-lost') await wrapper.get('[data-testid="forgot"]').trigger('click')
    await wrapper.get('[data-testid="aside-ask"]').trigger('click')
    expect(text('set-aside')).toContain('没上传的操作和图片会一直锁着')
    expect(wrapper.get('[data-testid="aside-go"]').attributes('disabled')).toBeDefined()
    await wrapper.get('[data-testid="aside-sure"] input').setValue(true)
    await wrapper.get('[data-testid="aside-go"]').trigger('click')
    await until(() => seen('aside-begin'))
    expect(text('place')).toContain('set-aside-2026')
    expect(seen('start-again'), 'its trouble is over').toBe(false)
    await wrapper.get('[data-testid="aside-begin"]').trigger('click')
    await until(() => opened.mock.calls.length === 1)
    expect((await host().sessionState()).device_id).toBeNull()
    expect((await host().waysBack()).aside).toHaveLength(1)
  })

  it('is left where it is by whoever thinks better of it, or when the disk does not let it be moved', async () => {
    const { wrapper, seen, text } = await start('aside-stuck')
    await wrapper.get('[data-testid="aside-ask"]').trigger('click')
    await wrapper.get('[data-testid="aside-sure"] input').setValue(true)
    await wrapper.get('[data-testid="aside-leave"]').trigger('click')
    await wrapper.get('[data-testid="aside-ask"]').trigger('click')
    expect(wrapper.get('[data-testid="aside-go"]').attributes('disabled'), 'asked anew').toBeDefined()
    await wrapper.get('[data-testid="aside-sure"] input').setValue(true)
    await wrapper.get('[data-testid="aside-go"]').trigger('click')
    await until(() => seen('aside-refused'))
    expect(text('aside-refused')).toContain('没有搁置成')
    expect(seen('start-again')).toBe(true)
  })

  it('is only named where the server can give the key back, and not offered where the key is not the trouble', async () => {
    const first = await start('key-missing')
    expect(first.seen('set-aside')).toBe(false)
    await first.wrapper.get('[data-testid="aside-name"]').trigger('click')
    expect(first.seen('set-aside')).toBe(true)
    for (const scenario of ['corrupt', 'full-at-start', 'newer', 'no-keyring']) {
      const { seen } = await start(scenario)
      expect([seen('aside-name'), seen('set-aside')], scenario).toEqual([false, false])
    }
  })
})

describe('a store that was set aside', () => {
  const reload = () => vi.spyOn(window.location, 'reload').mockReturnValue(undefined)
  afterEach(() => vi.restoreAllMocks())

  async function list(scenario: string, change: (demo: Host) => Partial<Host> = () => ({})) {
    await startDemo(scenario, change)
    const { wrapper } = await mounted(CheckScreen, { at: '/check' })
    await until(() => wrapper.find('[data-testid="aside-back"]').exists())
    await wrapper.get('[data-testid="aside-back"]').trigger('click')
    expect(wrapper.get('[data-testid="asides"]').text()).toContain('同样搁置')
    await wrapper.get('[data-testid="aside-back-go"]').trigger('click')
    return wrapper
  }

  it('is brought back when its key is there, and the window begins anew over it', async () => {
    const reloaded = reload()
    await list('aside-back')
    await until(() => reloaded.mock.calls.length === 1)
  })

  it('stays where it is while its key is not, and that is said', async () => {
    const reloaded = reload()
    const wrapper = await list('aside')
    await until(() => wrapper.find('[data-testid="aside-back-refused"]').exists())
    expect(wrapper.get('[data-testid="aside-back-refused"]').text()).toContain('密钥还没有回来')
    expect(reloaded).not.toHaveBeenCalled()
  })

  it('does not take the place of one in which something waits to be sent', async () => {
    const wrapper = await list('aside-back', () => ({ bringStoreBack: () => Promise.reject({ code: 'unsent_here', field: null, errors: [] }) as never }))
    await until(() => wrapper.find('[data-testid="aside-back-refused"]').exists())
    expect(wrapper.get('[data-testid="aside-back-refused"]').text()).toContain('先联网同步一次')
  })

  it('that is back and does not open is the start’s affair', async () => {
    const reloaded = reload()
    await list('aside-back', (demo) => ({
      bringStoreBack: async (name) => {
        await demo.bringStoreBack(name)
        throw { code: 'passphrase_needed', field: null, errors: [] }
      },
    }))
    await until(() => reloaded.mock.calls.length === 1)
  })

  it('is offered to who is signed out, too', async () => {
    await startDemo('aside')
    const { wrapper } = await mounted(SignInScreen, { at: '/sign-in' })
    await until(() => wrapper.find('[data-testid="aside-back"]').exists())
    expect(wrapper.get('[data-testid="place"]').text()).toContain('set-aside-')
  })
})
