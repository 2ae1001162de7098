// Words that several screens share.
export default {
  app: { name: '回收', practice: '练习', practice_note: '练习模式：数据只在本机，不会上传' },
  nav: { label: '主导航', today: '今日', counter: '柜台', orders: '单据', prices: '价目', stock: '库存', sync: '同步', settings: '设置' },
  act: {
    cancel: '取消', close: '关闭', back: '返回', retry: '重试', undo: '撤销',
    copy: '复制', copied: '已复制',
  },
  label: {
    no: '否', quantity: '数量', unit_price: '单价', total: '合计', why: '为什么？', other_book: '按第 {version} 版价目计价；本机已换新价目，无法在此逐步解释。',
    name: '姓名', goods: '物品', time: '时间', reason: '原因', state: '状态', amount: '金额',
    none: '无', loading: '正在载入…', day: '日期', nobody: '未指派',
    rows: '共 {n} 条', reviews: '{n} 项待核', draft_saved: '草稿已保存 {time}', draft_restored: '已恢复上次的草稿', problems: '有 {n} 处需要修改',
  },
  unit: { jin: '斤', piece: '台/件' },
  pad: { label: '数字键盘', backspace: '退格', clear: '清空' },
  appointment_status: { 0: '待确认', 1: '已确认', 2: '已完成', 3: '已取消', 4: '上门中' },
  order_status: { 0: '待支付', 1: '已支付', 2: '已完成', 3: '已取消' },
  role: { collector: '回收员', station: '站点员工', dispatcher: '调度', admin: '管理员', customer: '客户', partner: '合作方', system: '系统' },
  method: { cash: '现金', wechat_transfer: '微信转账', manual_transfer: '手工转账' },
  accepted_by: { signature: '签名', tap: '点按', mini_program: '小程序' },
  gap: { weight: '重量不同', grade: '品级不同', missing_part: '缺件', moisture: '受潮', category: '品类不同', price_change: '价目更新', other: '其他' },
  adjustment: { round_down: '抹零', bargain: '议价', bonus: '奖励' },
  row_sync: { synced: '已同步', pending: '待同步', refused: '被拒绝', shadow: '已转出' },
  picture: { title: '照片与签名', photo: '照片', signature: '签名', photos: '物品照片', add: '加照片', adding: '正在加…', full: '最多 {n} 张', remove: '删除这张照片', larger: '放大{what}' },
  chip: {
    pictures: '{n} 张图片待传',
    synced: '已同步 {time}', synced_never: '尚未同步', pending: '{n} 条待同步', offline: '离线，自 {time}', offline_short: '离线', attention: '{n} 条需处理',
    attention_session: '需重新登录', attention_other: '同步有问题', practice: '练习中，不同步', open: '打开同步中心',
  },
  search: { label: '搜索', hint: '按 / 搜索' },
  group: { paper: '纸类', plastic: '塑料', metal: '金属', electronic: '电器', textile: '织物', other: '其他' },
  command: {
    'appointment_create': '新预约', 'appointment_estimate': '重新估价', 'appointment_confirm': '确认预约', 'appointment_assign': '指派', 'appointment_reschedule': '改期', 'appointment_start': '开始上门', 'appointment_cancel': '取消预约',
    'appointment_complete': '完成上门', 'order_weigh': '称重报价', 'order_accept': '客户确认', 'order_pay': '付款', 'order_refund': '退款', 'order_void': '作废',
    'order_receive': '入库', 'ticket_create': '散客开单', 'price_book_publish': '发布价目',
  },
  field: {
    server: '服务器', pairing_code: '配对码', device_name: '设备名称', username: '用户名', password: '密码', name: '姓名', phone: '电话', address: '地址',
    detail: '详细地址', division: '地区', appointment_time: '时间', category: '品类', quantity: '数量', weighing: '过磅', gross: '毛重', tare: '皮重',
    deductions: '扣减', items: '物品', adjustments: '调整', reason: '原因', text: '说明', amount: '金额', assignee: '回收员', note: '备注', moisture: '扣水',
    impurity: '扣杂', total: '合计', due: '应付', gap_reasons: '差异原因', seller: '卖方', method: '付款方式',
  },
  cancel_reason: {
    not_home: '客户不在家', refused_price: '客户不接受价格', nothing_to_collect: '没有可回收的物品', customer_request: '客户要求取消', unreachable: '联系不上客户', other: '其他',
  },
  what: {
    booked: '预约', estimated: '重新估价', confirmed: '已确认', assigned: '已指派', rescheduled: '改期', started: '开始上门', weighed: '称重报价', accepted: '客户确认', paid: '付款', refunded: '退款', completed: '完成', cancelled: '取消', received: '入库', review: '待核', voided: '作废',
  },
}
