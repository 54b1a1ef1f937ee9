"use strict";
/* Bokeh adds <style> elements whose text it computes at run time; a policy of hashes refuses those.
   The same rules as constructed stylesheets are allowed, so Bokeh's stylesheets are kept as such. */
(() => {
  const dom = Bokeh.require("core/dom");
  const rootOf = (el) => {
    const root = el.getRootNode();
    return "adoptedStyleSheets" in root ? root : document;
  };
  const prototype = dom.InlineStyleSheet.prototype;
  const constructed = (self) => {
    if (self.constructedSheet === undefined) {
      self.constructedSheet = new CSSStyleSheet();
      self.constructedCss = "";
      self.constructedRoots = new Set();
    }
    return self.constructedSheet;
  };
  prototype._update = function (css) {
    constructed(this).replaceSync(css);
    this.constructedCss = css;
  };
  Object.defineProperty(prototype, "css", {
    get() {
      return this.constructedCss ?? "";
    },
  });
  prototype.install = function (el) {
    const sheet = constructed(this);
    const root = rootOf(el);
    root.adoptedStyleSheets = [...root.adoptedStyleSheets.filter((other) => other !== sheet), sheet];
    this.constructedRoots.add(root);
  };
  prototype.uninstall = prototype.remove = function () {
    const sheet = constructed(this);
    for (const root of this.constructedRoots) {
      root.adoptedStyleSheets = root.adoptedStyleSheets.filter((other) => other !== sheet);
    }
    this.constructedRoots.clear();
  };
  dom.GlobalInlineStyleSheet.prototype.install = function () {
    prototype.install.call(this, document.documentElement);
  };

  /* what Bokeh installed while it loaded, before any of it is part of the page */
  const { roots, attachShadow } = globalThis.rootsBeforeBokeh;
  Element.prototype.attachShadow = attachShadow;
  delete globalThis.rootsBeforeBokeh;
  for (const root of roots) {
    for (const style of root.querySelectorAll("style")) {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(style.textContent);
      root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
      style.remove();
    }
  }
})();
