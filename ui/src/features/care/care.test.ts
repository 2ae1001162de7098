import { afterEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { flushPromises } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { host, setHost } from '@/host'
import { setLanguage } from '@/i18n'
import { useSession } from '@/stores/session'
import { useSettings } from '@/stores/settings'
import { useSync } from '@/stores/sync'
import { useTrouble } from '@/stores/trouble'
import App from '@/App.vue'
import { mounted, start, startDemo, until } from '../../../tests/mounting'
import CounterPage from '../counter/CounterPage.vue'
import SignInScreen from '../session/SignInScreen.vue'
import SettingsScreen from '../settings/SettingsScreen.vue'
import SyncScreen from '../sync/SyncScreen.vue'
import AppointmentPane from '../today/AppointmentPane.vue'
import CheckScreen from './CheckScreen.vue'
import TroubleBar from './TroubleBar.vue'

afterEach(() => setLanguage('zh'))

describe('a store whose key is missing', () => {
  it('says what happened, what is safe and what to do, and gets the key back by a pairing code', async () => {
    const { wrapper, opened } = await start('key-missing')
    expect(wrapper.text()).toContain('找不到本机数据的密钥')
    for (const part of ['发生了什么', '什么是安全的', '接下来怎么做']) expect(wrapper.text()).toContain(part)
    await wrapper.get('[data-testid="recover"]').trigger('submit')
    expect(wrapper.get('[data-testid="recover"]').text()).toContain('此项必填')
    await wrapper.get('input[data-testid="recover-code"]').setValue('000000')
    await wrapper.get('[data-testid="recover"]').trigger('submit')
    await until(() => wrapper.get('[data-testid="recover"]').text().includes('配对码不对'))
    expect(opened).not.toHaveBeenCalled()
    await wrapper.get('input[data-testid="recover-code"]').setValue(' 7K2M-9Q ')
    await wrapper.get('[data-testid="recover"]').trigger('submit')
    await until(() => opened.mock.calls.length === 1)
    expect((await host().sessionState()).mode).toBe('signed_out')
  })

  it('tells an absent network from a wrong code, and that the code is still good', async () => {
    const { wrapper, text, seen } = await start('key-missing')
    await wrapper.get('input[data-testid="recover-code"]').setValue('OFFLINE')
    await wrapper.get('[data-testid="recover"]').trigger('submit')
    await until(() => seen('recover-refused'))
    expect(text('recover-refused')).toContain('配对码还没有用掉')
  })

  it('asks for a new passphrase where no keyring can hold the key', async () => {
    const sent: unknown[] = []
    const { wrapper, opened } = await start('key-passphrase', (demo) => ({
      recoverStore: (code, passphrase) => {
        sent.push(code, passphrase)
        return demo.recoverStore(code, passphrase)
      },
    }))
    await wrapper.get('input[data-testid="recover-code"]').setValue('7K2M9Q')
    await wrapper.get('input[data-testid="passphrase"]').setValue('short')
    await wrapper.get('[data-testid="recover"]').trigger('submit')
    expect(wrapper.text()).toContain('至少 8 个字符')
    expect(wrapper.text()).toContain('两次输入不一致')
    expect(sent).toEqual([])
    await wrapper.get('input[data-testid="passphrase"]').setValue('一把好钥匙 2026')
    await wrapper.get('input[data-testid="passphrase-again"]').setValue('一把好钥匙 2026')
    await wrapper.get('[data-testid="recover"]').trigger('submit')
    await until(() => opened.mock.calls.length === 1)
    expect(sent).toEqual(['7K2M9Q', '一把好钥匙 2026'])
  })

  it('offers no way that is not there', async () => {
    const { wrapper, seen, text } = await start('key-lost')
    expect(seen('recover')).toBe(false)
    expect(wrapper.text()).toContain('没有取回密钥用的文件')
    await wrapper.get('[data-testid="start-again"]').trigger('click')
    await until(() => seen('still'))
    expect(text('still')).toBe('还是打不开。')
  })

  it('goes on to the repair when what lies beneath the key is bad', async () => {
    const { wrapper } = await start('key-missing', () => ({ recoverStore: () => Promise.reject({ code: 'store_corrupt', field: null, errors: [] }) as never }))
    await wrapper.get('input[data-testid="recover-code"]').setValue('7K2M9Q')
    await wrapper.get('[data-testid="recover"]').trigger('submit')
    await until(() => wrapper.get('[data-testid="startup-failed"]').attributes('data-kind') === 'bad')
  })
})

describe('a passphrase', () => {
  it('opens the store; a wrong one is said to be wrong; a forgotten one has a way back', async () => {
    const { wrapper, opened, seen } = await start('passphrase')
    await wrapper.get('input[data-testid="passphrase"]').setValue('wrong')
    await wrapper.get('form').trigger('submit')
    await until(() => wrapper.text().includes('口令不对'))
    await wrapper.get('[data-testid="forgot"]').trigger('click')
    expect(seen('recover')).toBe(true)
    expect(wrapper.text()).toContain('数据不会丢')
    await wrapper.get('[data-testid="forgot-back"]').trigger('click')
    await wrapper.get('input[data-testid="passphrase"]').setValue('一把好钥匙 2026')
    await wrapper.get('form').trigger('submit')
    await until(() => opened.mock.calls.length === 1)
  })

  it('is chosen at a first start without a keyring', async () => {
    const { wrapper, opened } = await start('no-keyring')
    await until(() => wrapper.find('[data-testid="passphrase-again"]').exists())
    for (const field of ['passphrase', 'passphrase-again']) await wrapper.get(`input[data-testid="${field}"]`).setValue('一把好钥匙 2026')
    await wrapper.get('form').trigger('submit')
    await until(() => opened.mock.calls.length === 1)
  })
})

describe('a store that does not open because it is bad', () => {
  it('shows what would be kept before, and what was kept after', async () => {
    const { wrapper, opened, text, seen } = await start('corrupt')
    await until(() => seen('salvage-go'))
    expect([text('kept-pending'), text('kept-pictures'), text('kept-open'), text('kept-drafts')]).toEqual(['7 条', '3 张', '1 条', '1 份'])
    expect(seen('no-loss')).toBe(true)
    await wrapper.get('[data-testid="salvage-go"]').trigger('click')
    await until(() => seen('salvage-done'))
    expect(wrapper.text()).toContain('修复好了')
    expect(opened).not.toHaveBeenCalled()
    await wrapper.get('[data-testid="salvage-done"]').trigger('click')
    expect(opened).toHaveBeenCalledOnce()
  })

  it('names what may be lost', async () => {
    const { text, seen } = await start('corrupt-worse')
    await until(() => seen('losses'))
    expect(text('losses')).toContain('2 张图片')
    expect(text('losses')).toContain('备份里有 1 行')
    expect(seen('no-loss')).toBe(false)
  })

  it('says that the old data is untouched when the repair fails, and can be tried again', async () => {
    const { wrapper, text, seen } = await start('corrupt-stuck')
    await until(() => seen('salvage-go'))
    await wrapper.get('[data-testid="salvage-go"]').trigger('click')
    await until(() => seen('salvage-refused'))
    expect(text('salvage-refused')).toContain('旧数据原样没动')
    expect(text('salvage-refused')).toContain('磁盘已满')
    expect(seen('salvage-go')).toBe(true)
  })
})

it.each([['full-at-start', '磁盘满了'], ['newer', '更新的版本'], ['keyring-locked', '钥匙串锁着']])('%s is told in its own words', async (scenario, words) => {
  const { wrapper } = await start(scenario)
  expect(wrapper.get('h1').text()).toContain(words)
  await wrapper.get('[data-testid="start-language"]').trigger('click')
  expect(wrapper.get('h1').text()).toMatch(/^[\x20-\x7e’]+$/)
})

describe('the check of this device’s data', () => {
  async function check(scenario: string) {
    const demo = await startDemo(scenario)
    const { wrapper, router } = await mounted(CheckScreen, { at: '/check' })
    await until(() => ['sound', 'wrong'].includes(wrapper.get('[data-testid="check"]').attributes('data-state') ?? ''))
    return { demo, wrapper, router }
  }

  it('finds a sound store sound', async () => {
    const { wrapper } = await check('')
    expect(wrapper.get('[data-testid="sound"]').text()).toContain('本机数据完好')
    expect(wrapper.find('[data-testid^="repair-"]').exists()).toBe(false)
  })

  it('has one button for each thing that is wrong, and looks again after each', async () => {
    const { wrapper } = await check('damaged')
    expect(wrapper.findAll('[data-testid^="repair-"]')).toHaveLength(3)
    for (const repair of ['marks', 'refetch', 'rebuild']) {
      expect(wrapper.get(`[data-testid="finding-${repair}"]`).text()).toContain('不会丢失任何内容')
      await wrapper.get(`[data-testid="repair-${repair}"]`).trigger('click')
      await until(() => !wrapper.find(`[data-testid="finding-${repair}"]`).exists())
      expect(wrapper.find('[data-testid="mended"]').exists()).toBe(true)
    }
    expect(wrapper.find('[data-testid="sound"]').exists()).toBe(true)
  })

  it('makes a store with bad pages anew, plan first', async () => {
    const { wrapper } = await check('torn')
    await until(() => wrapper.find('[data-testid="salvage-go"]').exists())
    expect(wrapper.get('[data-testid="check-details"]').text()).toContain('page 3')
    await wrapper.get('[data-testid="salvage-go"]').trigger('click')
    await until(() => wrapper.find('[data-testid="salvage-done"]').exists())
    await wrapper.get('[data-testid="salvage-done"]').trigger('click')
    await until(() => wrapper.find('[data-testid="sound"]').exists())
  })

  it('is reached from the settings', async () => {
    await startDemo('')
    const { wrapper, router } = await mounted(SettingsScreen)
    await wrapper.get('[data-testid="go-check"]').trigger('click')
    await until(() => router.currentRoute.value.name === 'check')
  })

  it('has nothing to look for in practice', async () => {
    await startDemo('practice')
    const { wrapper } = await mounted(CheckScreen, { at: '/check' })
    expect(wrapper.text()).toContain('练习的数据不用检查')
  })
})

describe('a disk that takes nothing', () => {
  it.each([['disk-full', 'disk_full', '磁盘满了'], ['read-only', 'disk_read_only', '只能读']])('%s is told on every screen until it takes things again', async (scenario, trouble, words) => {
    const demo = await startDemo(scenario)
    const { wrapper } = await mounted(TroubleBar)
    useTrouble()
    expect(wrapper.find('[data-testid="trouble"]').exists()).toBe(false)
    await host().draftPut('counter', {}).catch(() => undefined)
    await nextTick()
    expect(wrapper.get('[data-testid="trouble"]').attributes('data-trouble')).toBe(trouble)
    expect(wrapper.text()).toContain(words)
    expect(wrapper.text()).toContain('确认过的都还在')
    await wrapper.get('[data-testid="trouble-go"]').trigger('click')
    await flushPromises()
    expect(wrapper.find('[data-testid="trouble"]').exists()).toBe(true)
    await demo.draftPut('counter', {}).catch(() => undefined)
    await wrapper.get('[data-testid="trouble-go"]').trigger('click')
    await until(() => !wrapper.find('[data-testid="trouble"]').exists())
  })

  it('leads to the check when the store itself is bad, whatever else can be written', async () => {
    await startDemo('', () => ({ orders: () => Promise.reject({ code: 'store_corrupt', field: null, errors: [] }) as never }))
    const { wrapper, router } = await mounted(TroubleBar)
    useTrouble()
    await host().orders({} as never).catch(() => undefined)
    await host().draftPut('x', {})
    await nextTick()
    expect(wrapper.get('[data-testid="trouble"]').attributes('data-trouble')).toBe('store_corrupt')
    await wrapper.get('[data-testid="trouble-go"]').trigger('click')
    await until(() => router.currentRoute.value.name === 'check')
    expect(wrapper.find('[data-testid="trouble"]').exists(), 'where it is dealt with it is not told twice').toBe(false)
  })
})

describe('the offline lease', () => {
  it.each([['', null], ['lease-soon', '还可以离线使用 3 天'], ['lease-last', '离线使用今天到期'], ['practice', null]])('in %s counts down: %s', async (scenario, words) => {
    await startDemo(scenario)
    const { wrapper } = await mounted(TroubleBar)
    if (words === null) expect(wrapper.find('[data-testid="trouble"]').exists()).toBe(false)
    else {
      expect(wrapper.text()).toContain(words)
      expect(wrapper.get('[data-testid="trouble"]').attributes('role')).toBe('status')
    }
  })

  it('that is over leaves the counter to look at, and one sync opens it again', async () => {
    await startDemo('lease-over')
    const { wrapper } = await mounted(CounterPage, { at: '/counter' })
    expect(wrapper.get('[data-testid="locked"]').text()).toContain('不能开新单')
    expect(wrapper.get('[data-testid="counter-pay"]').attributes('disabled')).toBeDefined()
    expect(wrapper.find('[data-testid="locked-sync"]').exists(), 'the bar above has the button and says why').toBe(false)
    expect(wrapper.get('[data-testid="locked"]').text()).not.toContain('30 天')
    await useSync().syncNow()
    await until(() => !wrapper.find('[data-testid="locked"]').exists())
    expect(useSession().state.lease_over).toBe(false)
  })

  it('that is over is told at the counter itself while the bar tells something worse', async () => {
    const demo = await startDemo('lease-over')
    useTrouble()
    await demo.setOffline(false)
    const { wrapper } = await mounted(CounterPage, { at: '/counter' })
    setHost({ ...demo, draftPut: () => Promise.reject({ code: 'disk_full', field: null, errors: [] }) as never })
    await host().draftPut('counter', {}).catch(() => undefined)
    await nextTick()
    expect(wrapper.get('[data-testid="locked"]').text()).toContain('30 天')
    await wrapper.get('[data-testid="locked-sync"]').trigger('click')
    await until(() => !wrapper.find('[data-testid="locked"]').exists())
  })

  it('that is over lets a visit that has begun be finished, and no other be begun', async () => {
    const demo = await startDemo('lease-over')
    const rows = await demo.appointments({ from: null, to: null, statuses: [], assignee: null, query: '' })
    const of = (status: number) => rows.find((row) => row.status === status)?.id ?? ''
    const begun = await mounted(AppointmentPane, { props: { id: of(4) } })
    await until(() => begun.wrapper.find('[data-testid="appointment"]').exists())
    expect(begun.wrapper.find('[data-testid="action-weigh"]').exists()).toBe(true)
    const waiting = await mounted(AppointmentPane, { props: { id: of(1) } })
    await until(() => waiting.wrapper.find('[data-testid="appointment"]').exists())
    expect(waiting.wrapper.find('[data-testid="locked"]').exists()).toBe(true)
    expect(waiting.wrapper.findAll('[data-testid^="action-"]')).toHaveLength(0)
  })

  it('takes the offline switch back when contact is asked for', async () => {
    await startDemo('lease-soon')
    await useSync().setOffline(true)
    const { wrapper } = await mounted(TroubleBar)
    await wrapper.get('[data-testid="trouble-go"]').trigger('click')
    await until(() => !useSync().status.offline_switch && useSync().status.chip === 'synced')
    expect(wrapper.find('[data-testid="trouble"]').exists()).toBe(false)
  })
})

describe('in the sync centre', () => {
  it.each([['upgrade', 'upgrade_required', ['什么都没丢', '新版安装包']], ['revoked', 'device_revoked', ['数据原样保留', '联系管理员']], ['lease-over', 'lease_over', ['所有记录都在', '现在同步']]])('%s is told at length', async (scenario, trouble, words) => {
    await startDemo(scenario)
    const { wrapper } = await mounted(SyncScreen, { at: '/sync' })
    const card = wrapper.get(`[data-testid="trouble-${trouble}"]`)
    for (const word of words) expect(card.text()).toContain(word)
    expect(wrapper.find(`[data-testid="remedy-${trouble}"]`).exists()).toBe(true)
  })
})

describe('what waits, in words', () => {
  it('says plainly when there is nothing to send, and else counts changes and pictures', async () => {
    const demo = await startDemo('revoked')
    const sync = useSync()
    const { wrapper } = await mounted(SyncScreen, { at: '/sync' })
    const card = () => wrapper.get('[data-testid="trouble-device_revoked"]').text()
    expect(card()).toContain('没有等待上传的操作')
    expect(card()).not.toMatch(/0 |交回/)
    await demo.picturePut('iVBORw0KGgo=')
    await until(() => sync.status.pictures === 1)
    expect(card()).toContain('（1 张图片）')
    const [row] = await demo.appointments({ from: null, to: null, statuses: [1], assignee: null, query: '' })
    await demo.execute('appointment.start', { appointment_id: row?.id })
    await until(() => sync.status.pending === 1)
    expect(card()).toContain('（1 条操作、1 张图片）')
    expect(card()).toContain('交回')
  })

  it('of a version that is too old names the new one’s address where the server has told it', async () => {
    const opened: string[] = []
    await startDemo('upgrade-here', () => ({ openLink: (url) => Promise.resolve(void opened.push(url)) }))
    const { wrapper } = await mounted(SyncScreen, { at: '/sync' })
    const address = wrapper.get('[data-testid="place"]').text()
    expect(address).toMatch(/^https:/)
    await wrapper.get('[data-testid="download"]').trigger('click')
    expect(opened).toEqual([address])
    await startDemo('upgrade')
    const without = (await mounted(SyncScreen, { at: '/sync' })).wrapper
    expect(without.find('[data-testid="download"]').exists()).toBe(false)
    expect(without.text()).toContain('向管理员或站点要新版安装包')
  })
})

describe('a device that was wiped', () => {
  it('says what was removed, how much was handed in, and can be registered anew', async () => {
    await startDemo('wiped')
    const { wrapper } = await mounted(SignInScreen, { at: '/sign-in' })
    const told = wrapper.get('[data-testid="wiped"]').text()
    expect(told).toContain('12 条未上传的操作已交回服务器')
    expect(told).toContain('2 张未上传的图片')
    const field = (name: string) => wrapper.get<HTMLInputElement>(`input[data-testid="${name}"]`)
    expect(field('server').element.value).toContain('huishou.hangzhou-chengxi')
    for (const [name, value] of Object.entries({ 'pairing-code': '7K2M9Q', 'device-name': '城西 4 号', username: 'zhang', password: 'secret' })) await field(name).setValue(value)
    await wrapper.get('form').trigger('submit')
    await until(() => useSession().inside)
    expect(useSession().state.wiped).toBeNull()
  })

  it('does not say handed in what was not', async () => {
    await startDemo('wiped-stolen')
    const { wrapper } = await mounted(SignInScreen, { at: '/sign-in' })
    const told = wrapper.get('[data-testid="wiped"]').text()
    expect(told).toContain('5 条未上传的操作没有交回')
    expect(told).toContain('1 份搁置的旧数据')
    expect(told).not.toContain('已交回')
    expect(wrapper.get<HTMLInputElement>('input[data-testid="server"]').element.value).toBe('')
  })
})

describe('the window syncs by itself', () => {
  let leave: { unmount: () => void } | undefined
  async function open(scenario = '') {
    let asked = 0
    await startDemo(scenario, (demo) => ({
      syncNow: () => {
        asked += 1
        return demo.syncNow()
      },
    }))
    leave = (await mounted(App)).wrapper
    return () => asked
  }
  const shown = (state: 'hidden' | 'visible') => {
    vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(state)
    document.dispatchEvent(new Event('visibilitychange'))
  }
  afterEach(() => {
    leave?.unmount()
    vi.restoreAllMocks()
  })

  it('when the network comes back', async () => {
    const asked = await open()
    window.dispatchEvent(new Event('online'))
    expect(asked()).toBe(1)
  })

  it('when it is looked at again after long, and not after a glance elsewhere', async () => {
    const asked = await open()
    const now = Date.now()
    const clock = vi.spyOn(Date, 'now').mockReturnValue(now)
    shown('hidden')
    clock.mockReturnValue(now + 60_000)
    shown('visible')
    expect(asked()).toBe(0)
    shown('hidden')
    clock.mockReturnValue(now + 7 * 60_000)
    shown('visible')
    expect(asked()).toBe(1)
  })

  it.each(['practice', 'offline', 'signed-out'])('but not in %s', async (scenario) => {
    const asked = await open(scenario)
    window.dispatchEvent(new Event('online'))
    expect(asked()).toBe(0)
  })
})

describe('signing out', () => {
  it('counts changes and pictures that are not up', async () => {
    const demo = await startDemo('offline')
    const { wrapper } = await mounted(SettingsScreen)
    const text = async () => {
      await wrapper.get('[data-testid="sign-out"]').trigger('click')
      await until(() => document.querySelector('[data-testid="sign-out-text"]') !== null)
      return document.querySelector('[data-testid="sign-out-text"]')?.textContent ?? ''
    }
    expect(await text()).not.toMatch(/\d/)
    await demo.picturePut('iVBORw0KGgo=')
    await until(() => useSync().status.pictures === 1)
    expect(await text()).toContain('1 张图片')
    const [row] = await demo.appointments({ from: null, to: null, statuses: [1], assignee: null, query: '' })
    await demo.execute('appointment.start', { appointment_id: row?.id })
    await until(() => useSync().status.pending === 1)
    expect(await text()).toMatch(/1 条操作和 1 张图片/)
  })
})

it('language and theme of the last time are there before the store is open', async () => {
  await startDemo('')
  await useSettings().change({ language: 'en', theme: 'dark' })
  setActivePinia(createPinia())
  useSettings().show({})
  expect(useSettings().settings).toMatchObject({ language: 'en', theme: 'dark' })
  expect(document.documentElement.lang).toBe('en')
  document.documentElement.classList.remove('dark')
})
