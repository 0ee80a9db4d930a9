import { describeTool } from './tool.js';

describeTool('ultralytics');
