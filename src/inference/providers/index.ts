import type { Provider, ProviderChoice } from './contract.js';
import { cpu } from './cpu.js';
import { cuda } from './cuda.js';

/** The execution providers by name. A new one is a file and its row here. */
export const PROVIDERS: Readonly<Record<string, Provider>> = Object.freeze(
  Object.fromEntries([cpu, cuda].map(provider => [provider.name, provider])),
);

/**
 * Reads a list of providers to try in turn.
 *
 * @param text such as `cpu`, `cuda`, `cuda:1` or `cuda,cpu`
 * @throws Error that ends the sentence "EXECUTION_PROVIDER …"
 */
export function parseProviders(text: string): readonly ProviderChoice[] {
  return text.split(',').map(item => {
    const [name = '', device] = item.trim().split(':');
    const provider = Object.hasOwn(PROVIDERS, name) ? PROVIDERS[name] : undefined;
    const deviceFits = device === undefined || (provider?.hasDevices && /^\d{1,3}$/.test(device));
    if (!provider || !deviceFits) {
      throw new Error(
        `is one of ${Object.keys(PROVIDERS).join(', ')}, cuda:<device>, or a list of them; not '${item}'`,
      );
    }
    return { name, device: Number(device ?? 0) };
  });
}
