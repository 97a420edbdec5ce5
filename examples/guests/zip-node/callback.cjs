// The older form: CommonJS and a callback.
exports.handler = (event, context, callback) => {
  if (event.fail) {
    callback(new RangeError("told to fail"));
    return;
  }
  callback(null, { callback: true, event });
};
