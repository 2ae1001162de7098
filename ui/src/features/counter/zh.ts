export default {
  title: '柜台', total: '合计', new: '新单', pay: '付款', print: '打印', reprint: '重打', recent: '今天的散客单', none_today: '今天还没有散客单。',
  teach: '输入品类码（如 11）、拼音首字母或名称，回车；输入毛重，回车，皮重，回车，下一行。空行回车（或 F9）付款，再回车确认，F10 打印。',
  seller: '卖方', seller_phone: '卖方手机（选填，F4）', seller_name: '卖方姓名（选填）', seller_needs_name: '填了手机号，也请填写姓名。', seller_needs_phone: '填了姓名，也请填写手机号。',
  restored: '已恢复上次未完成的单', held: '挂起的单', lines: '{n} 行', done: '{no} 已付 {amount}', recorded_unpaid: '单已开好，等待付款。Esc 稍后再付。', left_unpaid: '单已开好，稍后可在右侧付款。',
  record_free: '开单（无需付款）', nothing_to_print: '还没有可打印的单。', paper: '纸宽',
  unpaid: '未付', void: '作废', void_mark: '已作废', voided: '{no} 已作废', void_paid: '先收回已付的 {amount}，再作废。', void_unpaid: '作废后不能恢复。', void_refund: '已收回 {amount}，作废', void_needs_reason: '请选择或填写原因。',
  void_reason: { mistake: '开错了', seller_withdrew: '卖方不卖了', duplicate: '重复开单', other: '其他' },
  receipt: '废品回收单', no: '单号', refund: '退回', by: '经手人：{name}', thanks: '谢谢，欢迎再来',
}
