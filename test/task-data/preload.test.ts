import { expect } from 'chai';
import { preloadTaskData } from '../../src/task-data/preload.js';
import { serve, stopServers, taskDataWith, unreadable } from './servers.js';

describe('task-data/preload', () => {
  afterEach(stopServers);

  it('replaces references at any depth, keeps everything else, and leaves the task as it was', async () => {
    const server = await serve((request, response) => response.end(`content of ${request.url}`));
    const projects: unknown[] = [];
    const taskData = taskDataWith({
      labelStudio: projectId => {
        projects.push(projectId);
        return { url: server.url, token: 'abc' };
      },
    });
    const data = {
      text: 'uploading is slow',
      url: `${server.url}/a`,
      image: 'data:image/png;base64,/w==',
      nested: [{ upload: 'upload/3/b' }, 5, null, true, ['s3://bucket/c']],
    };
    const task = { id: 12, project: 4, data };
    const before = structuredClone(task);
    expect(await preloadTaskData(taskData, task)).to.deep.equal({
      ...data,
      url: 'content of /a',
      nested: [
        { upload: 'content of /data/upload/3/b' },
        5,
        null,
        true,
        ['content of /tasks/12/presign/?fileuri=czM6Ly9idWNrZXQvYw%3D%3D'],
      ],
    });
    expect(task).to.deep.equal(before);
    expect(new Set(projects)).to.deep.equal(new Set(['4']));
    expect(await preloadTaskData(taskData, task, 'upload/3/b')).to.equal('content of /data/upload/3/b');
  });

  it('fails when one reference cannot be read', async () => {
    const work = preloadTaskData(taskDataWith(), { data: { a: ['text', 'upload/3/b'] } });
    expect(await unreadable(work)).to.contain("cannot read 'upload/3/b'");
  });
});
