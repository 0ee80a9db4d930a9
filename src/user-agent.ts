/** What this server calls itself where it reads: some public sites answer 403 to those who do not say. */
export const USER_AGENT = 'label-studio-onnx';
