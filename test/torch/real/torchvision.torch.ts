import { describeTool } from './tool.js';

describeTool('torchvision');
