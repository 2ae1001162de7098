export default {
  lead: '称重、报价、付款，没有网络也能用',
  sign_in: '登录', sign_in_title: '登录', register_title: '登记这台设备', register: '登记并登录', working: '正在连接…',
  server: '服务器地址', server_hint: '由管理员告知，如 http://192.168.1.10:8080', pairing_code: '配对码', pairing_hint: '管理员给的一次性配对码',
  device_name: '设备名称', device_hint: '便于认出，如“城西 3 号平板”', username: '用户名', password: '密码', show_password: '显示密码', hide_password: '隐藏密码',
  this_device: '本机：{name}', at_server: '服务器：{server}', other_server: '登记到别的服务器', back_to_sign_in: '返回登录',
  practice: '先练习', practice_text: '不需要服务器：用内置的示例价目练习称重、报价和开单，数据不会上传。', first_sync: '首次登录会下载今天的预约，需要网络。',
}
