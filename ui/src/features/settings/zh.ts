export default {
  appearance: '显示', language: '语言', theme: '主题', theme_system: '跟随系统', theme_light: '浅色', theme_dark: '深色',
  show_jin: '同时显示斤', show_jin_note: '重量仍以千克记录',
  device: '本机', device_name: '设备名称', server: '服务器', city: '价目城市', keyring: '密钥', keyring_os: '保存在系统钥匙串', keyring_passphrase: '由口令保护',
  not_registered: '未登记', person: '使用者', account: '用户名', role: '角色', station: '站点',
  sign_out: '退出登录', sign_out_question: '退出登录？', sign_out_text: '本机数据仍会保留，下次登录后继续使用。', sign_out_pending: '本机数据仍会保留；未上传的 {n} 条操作会在下次登录后继续上传。',
  sign_out_pictures: '本机数据仍会保留；未上传的 {n} 张图片会在下次登录后继续上传。', sign_out_both: '本机数据仍会保留；未上传的 {n} 条操作和 {pictures} 张图片会在下次登录后继续上传。',
  leave_practice: '退出练习', about: '关于', version: '版本', licence: '许可', about_text: '回收：上门与站点的称重、报价、付款，没有网络也能用。',
}
