() => {
  // Keys of the whole page. Undo belongs to the canvas and is handled there.
  if (window.controlnetStudioKeys) return;
  window.controlnetStudioKeys = true;
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      const field = document.activeElement;
      if (field && field.matches('textarea, input')) field.dispatchEvent(new Event('input', { bubbles: true }));
      document.querySelector('#generate')?.click();
    } else if (event.key === 'Escape' && window.controlnetStudio?.isRunning && !document.querySelector('dialog[open]')) {
      event.preventDefault();
      window.controlnetStudio.stop();
    }
  });
  document.querySelector('#dice')?.setAttribute('aria-label', 'New random seed');
  document.querySelector('#dice')?.setAttribute('title', 'New random seed');
  document.querySelector('#generate')?.setAttribute('title', 'Ctrl+Enter');
  document.querySelector('#stop')?.setAttribute('title', 'Esc');
}
