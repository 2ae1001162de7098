import { mount, type VueWrapper } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick, ref } from 'vue'
import type * as Pictures from '@/components/pictures'
import { base64, dataUrl, fitted, picturesOf } from '@/components/pictures'
import PictureThumb from '@/components/PictureThumb.vue'
import { asAppError, host, type Order } from '@/host'
import { i18n } from '@/i18n'
import { startDemo, until } from '../../../tests/mounting'
import PhotoBar from './PhotoBar.vue'
import { readDraft } from './prefill'

// What a plain test has no eyes for: decoding and drawing. The file's own bytes come back as the "smaller" picture.
vi.mock('@/components/pictures', async (original) => ({
  ...(await original<typeof Pictures>()),
  shrunk: async (file: File) => {
    if (file.name.endsWith('.txt')) throw { code: 'picture_unreadable', field: null, errors: [] }
    return file
  },
}))

const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
const file = (n: number, name = `${n}.png`) => new File([new Uint8Array([...PNG, n])], name)

describe('a photo', () => {
  it('is made no larger than 1600 pixels and keeps its shape', () => {
    expect(fitted(4000, 3000)).toEqual({ width: 1600, height: 1200 })
    expect(fitted(3000, 4000)).toEqual({ width: 1200, height: 1600 })
    expect(fitted(800, 600)).toEqual({ width: 800, height: 600 })
    expect(fitted(20_000, 1)).toEqual({ width: 1600, height: 1 })
  })

  it('travels as text, however large', async () => {
    const bytes = new Uint8Array(100_000).map((_, at) => at % 256)
    const text = await base64(new Blob([bytes]))
    expect(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))).toEqual(bytes)
    expect(dataUrl({ type: 'image/png', data: 'AQL6' })).toBe('data:image/png;base64,AQL6')
  })

  it('is shown once, before the signatures', () => {
    const order = { quotes: [{ photos: ['a', 'b'] }, { photos: ['b'] }, {}], acceptances: [{ blob: 's' }, {}] } as unknown as Order
    expect(picturesOf(order)).toEqual([{ name: 'a', kind: 'photo' }, { name: 'b', kind: 'photo' }, { name: 's', kind: 'signature' }])
  })

  it('stays in the draft; drafts of earlier versions have none', () => {
    expect(readDraft({ v: 1, rows: [], photos: ['a', 7], savedAt: '' })?.photos).toEqual(['a'])
    expect(readDraft({ v: 1, rows: [] })?.photos).toEqual([])
  })
})

describe('photos of a weighing', () => {
  let page: VueWrapper
  const photos = ref<string[]>([])
  const find = (id: string) => page.find(`[data-testid="${id}"]`)
  const all = (id: string) => page.findAll(`[data-testid="${id}"]`)

  async function choose(...files: File[]) {
    const input = find('photo-file').element as HTMLInputElement
    Object.defineProperty(input, 'files', { value: files, configurable: true })
    await find('photo-file').trigger('change')
    await until(() => !find('photo-add').exists() || find('photo-add').attributes('aria-busy') !== 'true')
  }

  beforeEach(async () => {
    await startDemo()
    photos.value = []
    page = mount({ components: { PhotoBar }, setup: () => ({ photos }), template: '<PhotoBar v-model="photos" />' }, { global: { plugins: [i18n] }, attachTo: document.body })
  })
  afterEach(() => page.unmount())

  it('are kept at once, shown small, and counted until they are up', async () => {
    await choose(file(1), file(2))
    await until(() => photos.value.length === 2 && all('picture-see').length === 2)
    expect(photos.value.every((name) => /^[0-9a-f]{64}$/.test(name))).toBe(true)
    expect(find('picture-see').find('img').attributes('src')).toMatch(/^data:image\/png;base64,/)
    expect((await host().syncStatus()).pictures).toBe(2)
    await choose(file(1))
    expect(photos.value).toHaveLength(2)
  })

  it('can be taken away before the weighing is recorded', async () => {
    await choose(file(1), file(2))
    await until(() => all('picture-see').length === 2)
    const [first, second] = photos.value
    await find('picture-remove').trigger('click')
    expect(photos.value).toEqual([second])
    await until(() => all('picture-see').length === 1)
    await expect(host().picture(first ?? '')).rejects.toMatchObject({ code: 'blob_not_uploaded' })
  })

  it('are nine at most, and the rest is said', async () => {
    await choose(...Array.from({ length: 11 }, (_, n) => file(n)))
    await until(() => photos.value.length === 9)
    await nextTick()
    expect(find('photo-fault').text()).toContain('9')
    expect(find('photo-add').exists()).toBe(false)
  })

  it('say which file is none', async () => {
    await choose(file(1, 'note.txt'))
    await until(() => find('photo-fault').exists())
    expect(find('photo-fault').text()).toContain('不是能识别的图片')
    expect(photos.value).toEqual([])
  })
})

describe('a picture that is not here', () => {
  const thumb = () => mount(PictureThumb, { props: { picture: { name: 'a'.repeat(64), kind: 'signature' } }, global: { plugins: [i18n] }, attachTo: document.body })

  it('says where it is, and can be asked for again', async () => {
    await startDemo()
    const shown = thumb()
    await until(() => shown.find('[data-testid="picture-gone"]').exists())
    expect(shown.text()).toContain('还在拍摄它的设备上')
    const asked = vi.spyOn(host(), 'picture').mockResolvedValue({ type: 'image/png', data: 'iVBORw0=' })
    await shown.get('[data-testid="picture-gone"]').trigger('click')
    await until(() => shown.find('[data-testid="picture-see"]').exists())
    expect(asked).toHaveBeenCalledOnce()
    await shown.get('[data-testid="picture-see"]').trigger('click')
    await until(() => document.querySelector('[data-testid="picture-large"]') !== null)
    shown.unmount()
  })

  it('says that the device is offline', async () => {
    await startDemo('offline')
    const shown = thumb()
    await until(() => shown.find('[data-testid="picture-gone"]').exists())
    expect(asAppError(await host().picture('b').catch((reason: unknown) => reason)).code).toBe('offline')
    expect(shown.text()).not.toContain('还在拍摄它的设备上')
    shown.unmount()
  })
})
