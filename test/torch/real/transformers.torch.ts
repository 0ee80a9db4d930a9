import { describeTool } from './tool.js';

describeTool('transformers');
