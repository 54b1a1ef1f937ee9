"use strict";
/* Remember the shadow roots that Bokeh makes while it loads; bokeh_styles.js tidies and forgets them. */
globalThis.rootsBeforeBokeh = { roots: [], attachShadow: Element.prototype.attachShadow };
Element.prototype.attachShadow = function (options) {
  const root = globalThis.rootsBeforeBokeh.attachShadow.call(this, options);
  globalThis.rootsBeforeBokeh.roots.push(root);
  return root;
};
